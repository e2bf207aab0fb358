import type { RealtimeClient } from '../client/index.js';

/** A client with any event map. */
export type AnyRealtimeClient = Omit<RealtimeClient, 'channel'> & { readonly channel: unknown };
