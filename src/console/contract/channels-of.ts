/** A channel of the document. The calls of commands are a channel without an address. */
interface Addressed {
  readonly address: string | null;
}

/** Returns the channels of events, with their ids in the document. */
export function channelsOf<C extends Addressed>(
  channels: Readonly<Record<string, C>>,
): [id: string, channel: C & { readonly address: string }][] {
  return Object.entries(channels).filter((entry): entry is [string, C & { readonly address: string }] =>
    hasAddress(entry[1]),
  );
}

function hasAddress<C extends Addressed>(channel: C): channel is C & { readonly address: string } {
  return channel.address !== null;
}
