import {
  watchOccupancy,
  type ChannelChange,
  type Identity,
  type Presence,
  type RealtimeClient,
  type StateChange,
  type Stop,
} from '../client/index.js';
import { findChannel, useableChannel } from './find-channel.js';
import { HistoryPager, NOTHING_LOADED, type History } from './history-pager.js';
import { IDLE, UNSUBSCRIBED } from './initial-states.js';

/** A value of a client that changes. */
export interface StateSource<T> {
  /** The value in server rendering, and in a page that was rendered by a server until it is mounted. */
  readonly initial: T;
  readonly read: (client: RealtimeClient) => T;
  /** Calls back after each change. What the value needs, such as a subscription, lasts until it is stopped. */
  readonly listen: (client: RealtimeClient, changed: () => void) => Stop;
}

const nothing = (): void => undefined;

export const connectionState: StateSource<StateChange> = {
  initial: IDLE,
  read: (client) => client.change,
  listen: (client, changed) => client.on('state', changed),
};

export const identity: StateSource<Identity | null> = {
  initial: null,
  read: (client) => client.identity,
  listen: (client, changed) => client.on('identity', changed),
};

export const channelState = (name: string): StateSource<ChannelChange> => ({
  initial: UNSUBSCRIBED,
  read: (client) => findChannel(client, name).change,
  listen: (client, changed) => findChannel(client, name).on('state', changed),
});

export const presence = (name: string): StateSource<Presence | null> => ({
  initial: null,
  read: (client) => findChannel(client, name).presence,
  listen: (client, changed) => {
    const channel = useableChannel(client, name);
    if (channel === null) return nothing;
    const stops = [channel.on('presence', changed), channel.subscribe({ presence: true })];
    return () => {
      for (const stop of stops) stop();
    };
  },
});

export function occupancy(name: string): StateSource<number | null> {
  let counted: number | null = null;
  return {
    initial: null,
    read: () => counted,
    listen: (client, changed) => {
      counted = null;
      if (useableChannel(client, name) === null) return nothing;
      return watchOccupancy<object, string>(client, name, (count) => {
        counted = count;
        changed();
      });
    },
  };
}

/** Options of a component that shows kept events. */
export interface HistoryOptions {
  /** Maximum number of events of a page, from 1 to 1,000. @default 50 */
  readonly limit?: number | undefined;
  /** Id of an event: the first page ends directly before it. Another id starts again. @default the last event */
  readonly before?: string | undefined;
  /** Loads if true. @default true */
  readonly enabled?: boolean | undefined;
}

/** The loaded pages, and a function that loads the next older one. */
export type LoadedHistory<Event> = History<Event> & { readonly loadMore: () => void };

export function historyPages(
  name: string,
  { limit, before, enabled = true }: HistoryOptions,
): StateSource<LoadedHistory<unknown>> {
  let pager: HistoryPager | null = null;
  const loadMore = (): void => pager?.loadMore();
  return {
    initial: { ...NOTHING_LOADED, loadMore },
    read: () => ({ ...(pager?.snapshot() ?? NOTHING_LOADED), loadMore }),
    listen: (client, changed) => {
      if (!enabled) return nothing;
      const current = (pager = new HistoryPager(client, name, limit, before));
      const stops = [current.subscribe(changed), current.start()];
      return () => {
        for (const stop of stops) stop();
        pager = null;
      };
    },
  };
}
