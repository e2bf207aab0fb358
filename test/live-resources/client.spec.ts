import { WebSocket } from 'ws';
import { createRealtimeClient, type RealtimeClient, type WebSocketClass } from '../../src/client/index.js';
import { live, type LiveSnapshot } from '../../src/client/live/index.js';
import { sse } from '../../src/client/sse/index.js';
import { LiveResources } from '../../src/realtime/index.js';
import { FakeRealtimeServer } from '../../src/testing/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { boardsOf, Database } from './support/board.js';

interface Board {
  readonly name: string;
  readonly cards: Readonly<Record<string, { readonly title: string }>>;
}

/** A server with live resources `projects:{id}:board`. */
interface Host {
  readonly url: string;
  readonly WebSocket: WebSocketClass;
  /** Sets the state in the database, which was not loaded before. */
  begin(channel: string, board: Board): void;
  rename(channel: string, name: string): Promise<void>;
  set(channel: string, board: Board): Promise<void>;
  /** Makes loads fail, from the next change on, or ends that. */
  fail(channel: string, isFailing: boolean): Promise<void>;
  /** Ends all connections. */
  cut(): void;
  close(): Promise<void>;
}

function fakeHost(): Promise<Host> {
  const server = new FakeRealtimeServer({ historySize: 40 });
  return Promise.resolve({
    url: 'ws://fake/ws',
    WebSocket: server.WebSocket,
    begin: (channel, board) => server.states.set(channel, board),
    rename: async (channel, name) => server.states.patch(channel, { set: { '/name': name } }),
    set: async (channel, board) => server.states.set(channel, board),
    fail: async (channel, isFailing) => {
      if (isFailing) server.states.fail(channel);
      else server.states.set(channel, server.states.get(channel));
    },
    cut: () => server.cut(),
    close: async () => undefined,
  });
}

async function realHost(): Promise<Host> {
  const database = new Database();
  const app = await RealtimeApp.start({}, { providers: [boardsOf(database)] });
  const resources = app.app.get(LiveResources);
  const failing = new Set<string>();
  database.load = ({ channel }) => {
    if (failing.has(channel)) throw new Error('the database is down');
    return database.states.get(channel);
  };
  const keep = (channel: string, board: Board): void => void database.states.set(channel, board);
  return {
    url: app.url,
    WebSocket,
    begin: keep,
    rename: async (channel, name) => {
      keep(channel, { ...(database.states.get(channel) as Board), name });
      await resources.patch(channel, { name });
    },
    set: async (channel, board) => {
      keep(channel, board);
      await resources.set(channel, board);
    },
    fail: async (channel, isFailing) => {
      if (isFailing) failing.add(channel);
      else failing.delete(channel);
      await resources.invalidate(channel);
    },
    cut: () => {
      for (const connection of app.registry.all()) connection.close(1012);
    },
    close: () => app.close(),
  };
}

describe.each([
  ['the fake server', fakeHost, []],
  ['the module', realHost, []],
  ['the module, over server-sent events', realHost, [sse()]],
] as const)('a live resource of %s', (_name, start, transports) => {
  let host: Host;
  let client: RealtimeClient;
  let tests = 0;
  let channel: string;

  beforeAll(async () => {
    host = await start();
  });
  afterAll(() => host.close());
  beforeEach(() => {
    channel = `projects:${(tests += 1)}:board`;
    host.begin(channel, { name: 'one', cards: { 7: { title: 'x' } } });
    client = createRealtimeClient({
      url: host.url,
      WebSocket: host.WebSocket,
      minDelayMs: 10,
      maxDelayMs: 50,
      ...(transports.length > 0 && { transports }),
    });
  });
  afterEach(() => client.close());

  function follow() {
    const board = live<string>(client, channel);
    const seen: string[] = [];
    const read = () => board.getSnapshot() as LiveSnapshot<Board>;
    board.subscribe(() => void seen.push(`${read().status} ${read().data?.name}`));
    /** Waits for a snapshot. */
    const until = (isWanted: (snapshot: LiveSnapshot<Board>) => boolean): Promise<LiveSnapshot<Board>> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (isWanted(read())) resolve(read());
        };
        board.subscribe(look);
        look();
      });
    const shows = (status: string, name?: string) =>
      until(({ status: now, data }) => now === status && data?.name === name);
    return { board, seen, until, shows };
  }

  it('loads the state, follows patches and whole states, and keeps what did not change', async () => {
    const { seen, shows } = follow();
    const first = await shows('live', 'one');
    await host.rename(channel, 'two');
    const second = await shows('live', 'two');
    expect(second.data?.cards).toBe(first.data?.cards);
    await host.set(channel, { name: 'three', cards: { 7: { title: 'x' }, 8: { title: 'y' } } });
    const third = await shows('live', 'three');
    expect(third.data).toEqual({ name: 'three', cards: { 7: { title: 'x' }, 8: { title: 'y' } } });
    expect(third.data?.cards[7]).toBe(first.data?.cards[7]);
    expect(seen).toEqual(['live one', 'live two', 'live three']);
    expect(third.position).not.toBe(second.position);
  });

  it('resumes after a break, and receives the state again if too much was missed', async () => {
    const { seen, shows } = follow();
    await shows('live', 'one');
    host.cut();
    await shows('stale', 'one');
    await host.rename(channel, 'two');
    await shows('live', 'two');
    expect(seen.slice(0, 2)).toEqual(['live one', 'stale one']);
    expect(seen).not.toContain('loading undefined');
    host.cut();
    await shows('stale', 'two');
    for (let at = 0; at <= 60; at += 1) await host.rename(channel, `n${at}`);
    await shows('live', 'n60');
    await host.rename(channel, 'end');
    await shows('live', 'end');
  });

  it('receives a large state', async () => {
    const name = 'ä"\\💥'.repeat(20_000);
    host.begin(channel, { name, cards: {} });
    const { shows } = follow();
    expect((await shows('live', name)).data).toEqual({ name, cards: {} });
  });

  it('keeps the state while loads fail, and shows why', async () => {
    const { until, shows } = follow();
    await shows('live', 'one');
    await host.fail(channel, true);
    const stale = await until(({ status }) => status === 'stale');
    expect(stale).toMatchObject({ data: { name: 'one' }, error: { code: 'unavailable', channel } });
    await host.fail(channel, false);
    expect(await shows('live', 'one')).not.toHaveProperty('error');
    await host.rename(channel, 'two');
    await shows('live', 'two');
  });

  it('is refused for a channel without a state', async () => {
    const board = live<string>(client, 'announcements');
    const refused = new Promise<void>((resolve) => {
      board.subscribe(() => board.getSnapshot().status === 'refused' && resolve());
    });
    await refused;
    expect(board.getSnapshot()).toMatchObject({ data: undefined, error: { code: 'invalid_message' } });
  });

  it('ends the subscription with its last use', async () => {
    const { board, shows } = follow();
    await shows('live', 'one');
    board.close();
    await new Promise(setImmediate); // a view that is created again would use it
    const answer = await client.request({ type: 'list_channels' });
    expect(answer.subscribed).toEqual([]);
  });
});
