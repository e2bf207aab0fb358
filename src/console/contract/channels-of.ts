import type { Schema } from './schema.js';

/** A channel of the document. The calls of commands are a channel without an address. */
interface Addressed {
  readonly address: string | null;
}

/** Returns the channels of a document that have an address, with their ids. */
export function channelsOf<C extends Addressed>(
  channels: Readonly<Record<string, C>>,
): [id: string, channel: C & { readonly address: string }][] {
  return Object.entries(channels).filter((entry): entry is [string, C & { readonly address: string }] =>
    hasAddress(entry[1]),
  );
}

/** Returns the schema of what a channel carries: its state, the items of a stream, or the data of its events. */
export function contentOf(
  { messages }: { readonly messages: Readonly<Record<string, { readonly $ref: string }>> },
  all: Readonly<Record<string, { readonly payload: Schema }>>,
): Schema {
  const { state, stream, event } = messages;
  const reference = (state ?? stream ?? event)?.$ref ?? '';
  const fields = all[reference.slice(reference.lastIndexOf('/') + 1)]?.payload.properties ?? {};
  return fields['data'] ?? fields['items'] ?? fields['text'] ?? {};
}

function hasAddress<C extends Addressed>(channel: C): channel is C & { readonly address: string } {
  return channel.address !== null;
}
