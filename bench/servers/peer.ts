/** What a server of the benchmark is started with. */
export interface PeerSettings {
  readonly tls?: { readonly key: string; readonly cert: string };
  /** permessage-deflate. */
  readonly compression?: boolean;
  /** Only this module: where its instances meet. */
  readonly redisUrl?: string;
}

/** A server under test: it gives one event to everyone who is subscribed to its channel. */
export interface Peer {
  readonly port: number;
  /** Publishes in this very turn of the loop. Resolves when the server acknowledges it. */
  publish(channel: string, data: object): Promise<unknown> | void;
}

/** What every server answers each event with, where it has no form of its own. */
export function eventText(channel: string, data: object): string {
  return JSON.stringify({
    type: 'event',
    id: '0123456789ab-1',
    channel,
    data,
    timestamp: new Date().toISOString(),
  });
}
