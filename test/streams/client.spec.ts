import { WebSocket } from 'ws';
import { createRealtimeClient, type RealtimeClient } from '../../src/client/index.js';
import { openStream, type RealtimeStream } from '../../src/client/streams/index.js';
import { RealtimeStreams } from '../../src/realtime/index.js';
import { FakeRealtimeServer } from '../../src/testing/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { signToken } from '../support/jwt.js';
import { until } from '../support/until.js';

interface Writer {
  write(content: string): unknown;
  end(result?: unknown): unknown;
  fail(reason: string): unknown;
  readonly signal: AbortSignal;
}

/** A server with streams, as the tests use it. */
interface Server {
  client(): RealtimeClient;
  open(channel: string, options?: { resume?: boolean }): Promise<Writer>;
  close(): Promise<void> | void;
}

async function real(): Promise<Server> {
  const app = await RealtimeApp.start({
    channels: [{ name: 'logs:{id}', access: 'public', stream: { cancel: { roles: ['boss'] } } }],
  });
  const streams = app.app.get(RealtimeStreams);
  const token = signToken({ sub: 'ada', role: 'boss' });
  return {
    client: () => createRealtimeClient({ url: app.url, WebSocket, token, minDelayMs: 10 }),
    open: (channel, options) => streams.open(channel, options),
    close: () => app.close(),
  };
}

function fake(): Promise<Server> {
  const server = new FakeRealtimeServer({ streams: ['logs:{id}'] });
  return Promise.resolve({
    client: () =>
      createRealtimeClient({ url: 'ws://fake/ws', WebSocket: server.WebSocket, token: 'ada', minDelayMs: 10 }),
    open: (channel, options) => Promise.resolve(server.openStream(channel, options)),
    close: () => undefined,
  });
}

describe.each([
  ['the fake server', fake],
  ['a real server', real],
] as const)('the client of streams with %s', (_, start) => {
  let server: Server;
  let client: RealtimeClient;
  let count = 0;
  beforeAll(async () => {
    server = await start();
    client = server.client();
  });
  afterAll(async () => {
    client.close();
    await server.close();
  });
  const has = (stream: RealtimeStream, wanted: object): Promise<void> =>
    until(() => {
      const now = stream.getSnapshot() as unknown as Record<string, unknown>;
      return Object.entries(wanted).every(([name, value]) => JSON.stringify(now[name]) === JSON.stringify(value));
    });
  const name = (): string => `logs:${(count += 1)}`;

  it('waits, reads from the beginning, and sees the end', async () => {
    const channel = name();
    const early = openStream(client, channel);
    await has(early, { state: 'none' });
    const writer = await server.open(channel);
    await has(early, { state: 'open', text: '' });
    await writer.write('größe 🙂');
    await has(early, { text: 'größe 🙂' });
    await writer.end({ exitCode: 0 });
    await has(early, { state: 'done', result: { exitCode: 0 }, gaps: [] });
    const other = server.client();
    const late = openStream(other, channel);
    await has(late, { state: 'done', text: 'größe 🙂', result: { exitCode: 0 }, gaps: [] });
    expect(late.getSnapshot()).toEqual(early.getSnapshot());
    other.close();
    early.close();
  });

  it('continues a stream that failed, and starts over with another', async () => {
    const channel = name();
    const first = await server.open(channel);
    const log = openStream(client, channel);
    await first.write('one ');
    await first.fail('broken');
    await has(log, { state: 'failed', reason: 'broken', text: 'one ' });
    const second = await server.open(channel, { resume: true });
    await second.write('two');
    await has(log, { state: 'open', text: 'one two' });
    await second.end();
    await has(log, { state: 'done' });
    const third = await server.open(channel);
    await third.write('new');
    await has(log, { state: 'open', text: 'new', gaps: [] });
    await third.end();
    await has(log, { state: 'done' });
    expect(log.getSnapshot()).toMatchObject({ text: 'new', gaps: [] });
    log.close();
  });

  it('cancels', async () => {
    const channel = name();
    const writer = await server.open(channel);
    const log = openStream(client, channel);
    await has(log, { state: 'open' });
    await log.cancel();
    await has(log, { state: 'cancelled' });
    expect(writer.signal.aborted).toBe(true);
    await expect(log.cancel()).rejects.toMatchObject({ code: 'not_found' });
    log.close();
  });
});
