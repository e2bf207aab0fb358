import { once } from 'node:events';
import { WebSocket } from 'ws';
import {
  EventsPublisher,
  LiveResources,
  RealtimeControl,
  RealtimeStreams,
  RELOAD_STATE,
  type ChannelDefinition,
} from '../../../src/realtime/index.js';
import { FakeRealtimeServer, type FakeStreamOptions } from '../../../src/testing/index.js';
import { Database, notesOf } from '../../live-resources/support/board.js';
import { RealtimeApp } from '../../realtime/support/realtime-app.js';
import { signToken } from '../../support/jwt.js';
import { Talk, type TalkSocket } from './talk.js';

interface Writer {
  write(content: unknown): unknown;
  end(result?: unknown): unknown;
  fail(reason: string): unknown;
}

/** A server with the live resources `notes:{id}`, the streams `logs:{id}` and `rows:{id}`, and other channels. */
export interface TalkHost {
  /** Connects as `boss`, who can cancel `logs:{id}`, or as another user, who cannot. Neither can use `secret:{id}`. */
  connect(userId?: string): Promise<Talk>;
  /** Sets a state that was not loaded yet, and loads it. The first load of a channel publishes a reload. */
  begin(channel: string, state: unknown): Promise<void> | void;
  patch(channel: string, data: Readonly<Record<string, unknown>>): unknown;
  set(channel: string, state: unknown): unknown;
  reload(channel: string): unknown;
  /** Makes loads of a state fail that was not loaded yet. */
  fail(channel: string): void;
  /** Ends {@link fail}: the state can be loaded. */
  recover(channel: string, state: unknown): void;
  publish(channel: string, data: unknown): unknown;
  subscribe(userId: string, channel: string): unknown;
  open(channel: string, options?: Pick<FakeStreamOptions, 'resume'>): Promise<Writer> | Writer;
  close(): unknown;
}

const CHANNELS: readonly ChannelDefinition[] = [
  { name: 'logs:{id}', access: 'public', stream: { cancel: { roles: ['boss'] } } },
  { name: 'rows:{id}', access: 'public', stream: { lines: true } },
  { name: 'secret:{id}', access: { roles: ['none'] }, stream: true },
  { name: 'plain:{id}', access: 'public', history: { size: 40 } },
];

const LIMITS = { maxBytes: 300_000 };

export async function realHost(): Promise<TalkHost> {
  const database = new Database();
  const app = await RealtimeApp.start({ channels: [...CHANNELS], live: LIMITS }, { providers: [notesOf(database)] });
  const failing = new Set<string>();
  database.load = ({ channel }) => {
    if (failing.has(channel)) throw new Error('the database is down');
    return database.states.get(channel);
  };
  const live = app.app.get(LiveResources);
  const events = app.app.get(EventsPublisher);
  const connect = async (userId = 'boss'): Promise<Talk> => {
    const token = signToken({ sub: userId, role: userId });
    const socket = new WebSocket(app.url, { headers: { Authorization: `Bearer ${token}` } });
    const talk = new Talk(socket as unknown as TalkSocket);
    await once(socket, 'open');
    return talk;
  };
  return {
    connect,
    begin: async (channel, state) => {
      database.states.set(channel, state);
      const talk = await connect();
      await talk.ask({ type: 'subscribe', channel, state: true }, 'state');
      talk.close();
    },
    patch: (channel, data) => {
      database.states.set(channel, { ...(database.states.get(channel) as object), ...data });
      return live.patch(channel, data);
    },
    set: (channel, state) => {
      database.states.set(channel, state);
      return live.set(channel, state);
    },
    reload: (channel) => events.emit(channel as never, RELOAD_STATE as never),
    fail: (channel) => void failing.add(channel),
    recover: (channel, state) => {
      database.states.set(channel, state);
      failing.delete(channel);
    },
    publish: (channel, data) => events.emit(channel as never, data as never),
    subscribe: (userId, channel) => app.app.get(RealtimeControl).subscribe(userId, channel),
    open: async (channel, options) => {
      const writer = await app.app.get(RealtimeStreams).open(channel, options);
      return {
        write: (content) => (typeof content === 'string' ? writer.write(content) : writer.writeItem(content)),
        end: (result) => writer.end(result),
        fail: (reason) => writer.fail(reason),
      };
    },
    close: () => app.close(),
  };
}

export function fakeHost(): Promise<TalkHost> {
  const isSecret = (channel: string): boolean => channel.startsWith('secret:');
  const server = new FakeRealtimeServer({
    historySize: 40,
    streams: CHANNELS.filter(({ stream }) => stream !== undefined).map(({ name }) => name),
    refuse: (channel) => (isSecret(channel) ? 'forbidden' : null),
    refuseCancel: (channel, user) => (channel.startsWith('logs:') && user?.userId === 'boss' ? null : 'forbidden'),
  });
  const { states } = server;
  /** The fake server has no loads: it publishes what a first load would. */
  const reload = (channel: string): void => void server.publish(channel as never, { reload: true } as never);
  return Promise.resolve({
    connect: (userId = 'boss') => {
      const socket = new server.WebSocket(`ws://fake/ws?token=${userId}`) as unknown as TalkSocket;
      return Promise.resolve(new Talk(socket));
    },
    begin: (channel, state) => {
      states.set(channel, state);
      reload(channel);
    },
    patch: (channel, data) => {
      const set = Object.fromEntries(Object.entries(data).map(([name, value]) => [`/${name}`, value]));
      states.patch(channel, { set });
    },
    set: (channel, state) => states.set(channel, state),
    reload,
    fail: (channel) => {
      states.fail(channel);
      reload(channel);
    },
    recover: (channel, state) => states.set(channel, state),
    publish: (channel, data) => server.publish(channel as never, data as never),
    subscribe: (userId, channel) => server.subscribe(userId, channel),
    open: (channel, options) =>
      server.openStream(channel, { ...options, lines: channel.startsWith('rows:') }) as unknown as Writer,
    close: () => undefined,
  });
}
