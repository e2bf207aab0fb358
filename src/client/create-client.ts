import type { RealtimeEvents } from '../protocol/index.js';
import { Client } from './client.js';
import type { RealtimeClientOptions } from './options.js';
import type { RealtimeClient } from './types.js';

/**
 * Makes a client. It does nothing until `connect()`, or until a channel gets its first user.
 *
 *     const client = createRealtimeClient({ url: '/ws', getToken: () => session.token() });
 *     client.channel('apps:created').on('event', ({ data }) => show(data.name));
 *     client.channel('apps:created').subscribe();
 *
 * `E` is the event map, `RealtimeEvents` unless another is given.
 * @throws TypeError that names a wrong option
 */
export function createRealtimeClient<E extends object = RealtimeEvents>(
  options: RealtimeClientOptions,
): RealtimeClient<E> {
  // The class knows nothing of the event map: names and payloads are joined by the interface alone.
  return new Client(options) as unknown as RealtimeClient<E>;
}
