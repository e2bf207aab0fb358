import type { HistoryReason } from '../protocol/frames.js';
import { problemOf } from './check-frame.js';
import { RealtimeError } from './errors.js';
import type { DataOf, KnownChannel, RealtimeClient, RealtimeEvent, RequestOptions } from './types.js';

/** Part of a history. */
export interface HistoryOptions extends RequestOptions {
  /** Maximum number of events, from 1 to 1,000; the server may return fewer. @default 50 */
  readonly limit?: number | undefined;
  /** Id of an event: the page ends directly before it. @default the last event */
  readonly before?: string | undefined;
}

/** A page of a history. */
export interface HistoryPage<T = unknown> {
  /** Consecutive events, oldest first. */
  readonly events: readonly RealtimeEvent<T>[];
  /** True if older events are kept: ask again with the id of the first event as `before`. */
  readonly more: boolean;
  /** Reason why there are no events: `before` is unknown to the server, or the channel keeps no history. */
  readonly reason?: HistoryReason | undefined;
}

/**
 * Reads kept events of a channel, without subscribing to it.
 *
 *     const { events, more } = await history(client, 'apps:created', { limit: 20 });
 *     const older = more && (await history(client, 'apps:created', { limit: 20, before: events[0].id }));
 *
 * @throws RealtimeError the server's error (a server without this feature answers `unknown_type`), `not_connected`,
 *   `timeout` or `invalid_frame`; or the reason of the signal
 */
export async function history<E extends object, const C extends string>(
  client: RealtimeClient<E>,
  channel: C & KnownChannel<E, C>,
  { limit, before, ...options }: HistoryOptions = {},
): Promise<HistoryPage<DataOf<E, C>>> {
  const answer = await client.request({ type: 'history', channel, limit, before }, options);
  const events: unknown = answer.events;
  if (!Array.isArray(events) || typeof answer.more !== 'boolean' || !events.every(isEvent)) {
    throw new RealtimeError('invalid_frame', 'history has no valid events', { channel });
  }
  return {
    events: answer.events.map(({ data, timestamp, id }) => ({ channel, data: data as DataOf<E, C>, timestamp, id })),
    more: answer.more,
    reason: answer.reason,
  };
}

function isEvent(value: { readonly type?: unknown } | null): boolean {
  return value?.type === 'event' && problemOf(value as never) === undefined;
}
