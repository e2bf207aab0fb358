/** Settings of a benchmark server. */
export interface PeerSettings {
  readonly tls?: { readonly key: string; readonly cert: string };
  /** permessage-deflate. */
  readonly compression?: boolean;
  /** Redis URL; only for this module. */
  readonly redisUrl?: string;
  /** Only this module: the option of that name. */
  readonly directPublishApi?: boolean;
}

/** A server under test. It delivers an event to all subscribers of its channel. */
export interface Peer {
  readonly port: number;
  /** Publishes in this turn of the event loop. Resolves when the server acknowledges the event. */
  publish(channel: string, data: object): Promise<unknown> | void;
}

/** Event frame of servers without their own format. */
export function eventText(channel: string, data: object): string {
  return JSON.stringify({
    type: 'event',
    id: '0123456789ab-1',
    channel,
    data,
    timestamp: new Date().toISOString(),
  });
}
