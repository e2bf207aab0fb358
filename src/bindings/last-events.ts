import { history, subscribed, type Channel, type RealtimeClient, type RealtimeEvent } from '../client/index.js';
import { report } from './find-channel.js';

/** The last events for a component that joins a channel with other subscribers, whose `last` the client ignores. */
export interface LastEvents {
  /** Reads the last events and delivers them. Later events wait until then. */
  readonly load: () => void;
  /** Delivers a live event, unless it was delivered with the last ones. */
  readonly deliver: (event: RealtimeEvent) => unknown;
  readonly end: () => void;
}

export function lastEvents(
  client: RealtimeClient,
  channel: Channel,
  last: number,
  onEvent: (event: RealtimeEvent) => unknown,
): LastEvents {
  let loading: Promise<void> | null = null;
  let known = new Set<string | undefined>();
  let isOver = false;

  /** Never rejects: the other events are delivered too. */
  const pass = async (event: RealtimeEvent): Promise<void> => {
    try {
      await onEvent(event);
    } catch (error) {
      report(client, error);
    }
  };
  const read = async (): Promise<void> => {
    try {
      await subscribed(channel);
      const { events } = await history<object, string>(client, channel.name, { limit: last });
      known = new Set(events.map(({ id }) => id));
      if (!isOver) for (const event of events) void pass(event);
    } catch (error) {
      // A refused channel reports its error itself. Live events follow in any case.
      if (!isOver && channel.state === 'subscribed') report(client, error);
    }
  };
  const deliverNow = (event: RealtimeEvent): unknown =>
    isOver || (event.id !== undefined && known.has(event.id)) ? undefined : onEvent(event);

  return {
    load() {
      const current = read().then(() => {
        if (loading === current) loading = null;
      });
      loading = current;
    },
    deliver: (event) => (loading === null ? deliverNow(event) : loading.then(() => deliverNow(event))),
    end() {
      isOver = true;
    },
  };
}
