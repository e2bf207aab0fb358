import { RealtimeError } from './errors.js';
import type { KnownChannel, RealtimeClient, RequestOptions, Stop } from './types.js';

/**
 * Reads the number of subscriptions of a channel over all instances, without subscribing to it. It can be 2 s old.
 *
 *     const viewers = await occupancy(client, 'streams:42');
 *
 * @throws RealtimeError the server's error (a server without this feature answers `unknown_type`), `not_connected`,
 *   `timeout` or `invalid_frame`; or the reason of the signal
 */
export async function occupancy<E extends object, const C extends string>(
  client: RealtimeClient<E>,
  channel: C & KnownChannel<E, C>,
  options: RequestOptions = {},
): Promise<number> {
  return countIn(await client.request({ type: 'occupancy', channel }, options), channel);
}

/**
 * Subscribes to a channel, and calls back with the number of its subscriptions, at most once a second. After a break the
 * server sends the number again.
 *
 *     const stop = watchOccupancy(client, 'streams:42', (viewers) => show(viewers));
 *
 * @param onError called if the server refuses; the subscription to the channel continues
 * @returns a function that ends both
 */
export function watchOccupancy<E extends object, const C extends string>(
  client: RealtimeClient<E>,
  channel: C & KnownChannel<E, C>,
  onCount: (count: number) => void,
  onError: (error: unknown) => void = () => undefined,
): Stop {
  let isEnded = false;
  let last: number | undefined;
  const take = (count: number | undefined): void => {
    if (isEnded || count === undefined || count === last) return;
    last = count;
    onCount(count);
  };
  const ask = (): void => {
    client.request({ type: 'occupancy', channel, watch: true }).then(
      (answer) => take(countIn(answer, channel)),
      (error: unknown) => {
        if (!isEnded) onError(error);
      },
    );
  };
  const followed = client.channel<string>(channel);
  const stops = [
    client.on('message', (frame) => {
      if (frame.type === 'occupancy') take(countOf(frame, channel));
    }),
    followed.on('state', ({ state }) => {
      if (state === 'subscribed') ask();
    }),
    followed.subscribe(),
  ];
  if (followed.state === 'subscribed') ask();
  return () => {
    if (isEnded) return;
    isEnded = true;
    for (const stop of stops) stop();
  };
}

function countOf(frame: object, channel: string): number | undefined {
  const { counts } = frame as { readonly counts?: Readonly<Record<string, unknown>> | null };
  if (typeof counts !== 'object' || counts === null || !Object.hasOwn(counts, channel)) return undefined;
  const count = counts[channel];
  return typeof count === 'number' ? count : undefined;
}

function countIn(frame: object, channel: string): number {
  const count = countOf(frame, channel);
  if (count === undefined) throw new RealtimeError('invalid_frame', 'occupancy has no count', { channel });
  return count;
}
