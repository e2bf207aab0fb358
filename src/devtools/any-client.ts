import type { RealtimeClient } from '../client/index.js';

/** A client with any event map: the panel handles channels by names that it reads from frames. */
export type AnyClient = RealtimeClient<Record<string, unknown>>;
