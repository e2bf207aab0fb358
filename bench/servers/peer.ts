import type { Issuer } from '../tokens.js';

/** Settings of a benchmark server. */
export interface PeerSettings {
  /** Port to listen on. @default a free one */
  readonly port?: number;
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Verifies the token of each client. @default only this module does, with HS256 */
  readonly issuer?: Pick<Issuer, 'algorithm' | 'verifyingKey'>;
  /** permessage-deflate. */
  readonly compression?: boolean;
  /** Redis URL. Used by the server of this module only. */
  readonly redisUrl?: string;
  /** Option of the server of this module. */
  readonly directPublishApi?: boolean;
  /** Only this module: keeps the default limits, except for those of an address, because the whole load has one. */
  readonly defaultLimits?: boolean;
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
