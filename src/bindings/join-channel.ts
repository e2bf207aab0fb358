import type { RealtimeClient, Reset, Stop } from '../client/index.js';
import { useableChannel } from './find-channel.js';
import { generationOf, watchGenerations } from './generation.js';
import { lastEvents } from './last-events.js';

/** Options of a component that uses channels. */
export interface JoinOptions {
  /**
   * Position to resume from, by channel: the `lastEventId` that was returned with the loaded data. Events between
   * loading and subscribing are then replayed. Ignored for a channel that already has a subscriber. @default live
   * events only
   */
  readonly after?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * Receives the last events first, up to this number, from 1 to 1,000. After a break the channel resumes; only if that
   * is impossible, `onReset` is called and the last events follow again. @default live events only
   */
  readonly last?: number | undefined;
  /** Called when events are missing: load the data again. */
  readonly onReset?: ((reset: Reset) => void | Promise<void>) | undefined;
}

/** The callback and the options of a component. */
export interface Joining<Event> {
  /** If it returns a promise, the next event of the channel waits for it. */
  readonly onEvent?: ((event: Event) => void | Promise<void>) | undefined;
  readonly options: JoinOptions;
}

/** Position of a component when it was hidden. */
export interface Left {
  readonly client: RealtimeClient;
  readonly generation: number;
  readonly lastEventId: string | undefined;
}

/**
 * Subscribes a component to one channel. Components on one channel share its subscription. An invalid name is reported
 * to the client's `error` listeners.
 * @param joining called for each event and reset, so that the component can replace its callbacks
 * @param left position of a component that was hidden, and is shown again
 * @returns a function that ends the use, and returns its position
 */
export function joinChannel<Event>(
  client: RealtimeClient,
  name: string,
  joining: () => Joining<Event>,
  left?: Left,
): () => Left | undefined {
  const channel = useableChannel(client, name);
  if (channel === null) return () => undefined;
  watchGenerations(client);
  const isSameUser = left?.client === client && left.generation === generationOf(client);
  const isFirst = channel.users === 0;
  const { last, after } = joining().options;
  let wasReset = false;
  let isOver = false;
  const deliver = (event: unknown): unknown => joining().onEvent?.(event as Event);
  // The client sends the last events to the first subscriber only.
  const joined = last && !isFirst ? lastEvents(client, channel, last, deliver) : null;
  const reset = (about: Reset): unknown => {
    wasReset = true;
    const pending = joining().options.onReset?.(about);
    joined?.load();
    return pending;
  };
  const stops: Stop[] = [
    channel.on('event', joined?.deliver ?? deliver),
    channel.on('reset', reset),
    channel.subscribe({ after: isSameUser ? left.lastEventId : after?.[name], last }),
  ];
  if (joined) stops.push(joined.end);
  if (!left) joined?.load();
  const missed = left && missedBy(left, isSameUser, isFirst, channel.lastEventId);
  const report = (): void => {
    if (!isOver && !wasReset) reset({ channel: name, reason: missed!, lastEventId: channel.lastEventId });
  };
  if (missed && channel.state === 'subscribed') void Promise.resolve().then(report);
  else if (missed) {
    stops.push(
      channel.on('state', ({ state }) => {
        if (state === 'subscribed') void Promise.resolve().then(report);
      }),
    );
  }
  return () => {
    const { lastEventId } = channel;
    isOver = true;
    for (const stop of stops) stop();
    return { client, generation: generationOf(client), lastEventId };
  };
}

/** Returns why a component that was hidden must load its data again; `undefined` if it resumes or missed nothing. */
function missedBy(
  { lastEventId }: Left,
  isSameUser: boolean,
  isFirst: boolean,
  now: string | undefined,
): Reset['reason'] | undefined {
  if (!isSameUser) return 'other_user';
  if (lastEventId === undefined) return 'no_history';
  return isFirst || lastEventId === now ? undefined : 'hidden';
}
