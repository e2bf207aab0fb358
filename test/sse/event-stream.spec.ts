import { APP_GUARD } from '@nestjs/core';
import { EventEmitter, once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Server, type Socket } from 'node:net';
import { blocksOf } from '../docs/support/blocks.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { signToken } from '../support/jwt.js';
import { until } from '../support/until.js';
import { within } from '../support/within.js';
import { StreamSocket, textOf } from './support/stream-socket.js';

describe.each(['express', 'fastify'] as const)('a stream of server-sent events (%s)', (http) => {
  let app: RealtimeApp;
  const token = signToken({ sub: 'ann' });
  beforeAll(async () => {
    app = await RealtimeApp.start({ maxConnections: 5 }, { http });
  });
  afterAll(() => app.close());

  const messages = (stream: StreamSocket, count: number): Promise<Record<string, unknown>[]> => {
    const parsed = () => stream.reader.messages.map(({ data }) => JSON.parse(data) as Record<string, unknown>);
    const arrived = new Promise<Record<string, unknown>[]>((resolve) => {
      const look = (): void => void (parsed().length >= count && resolve(parsed()));
      stream.on('message', look);
      look();
    });
    return within(5_000, () => `${count} messages, but there are ${JSON.stringify(parsed())}`, arrived);
  };

  it('subscribes to the channels of the URL, and delivers events', async () => {
    const stream = await StreamSocket.open(app.http, { token, channels: 'apps:created,user:bob' });
    expect(stream.answer.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(await messages(stream, 3)).toMatchObject([
      { type: 'connected', user: { userId: 'ann' } },
      { type: 'subscribed', channel: 'apps:created' },
      { type: 'error', code: 'forbidden', channel: 'user:bob' },
    ]);
    await app.events.emit('apps:created', { id: '1', name: 'shop' });
    expect((await messages(stream, 4))[3]).toMatchObject({ type: 'event', data: { id: '1', name: 'shop' } });
    stream.close();
  });

  it('takes frames of its client, and answers on the stream', async () => {
    const stream = await StreamSocket.open(app.http, { token });
    await messages(stream, 1);
    const taken = await stream.post(
      JSON.stringify([
        { type: 'ping', ref: '1' },
        { type: 'subscribe', channel: 'apps:created' },
      ]),
    );
    expect([taken.status, await textOf(taken)]).toEqual([202, '']);
    expect(await messages(stream, 3)).toMatchObject([{}, { type: 'pong', ref: '1' }, { type: 'subscribed' }]);
    stream.close();
  });

  it('has the blocks that docs/server-sent-events.md shows', async () => {
    const [shown] = blocksOf('docs/server-sent-events.md').filter(({ language }) => language === 'text');
    const stream = await StreamSocket.open(app.http, { token, channels: 'apps:created' });
    await messages(stream, 2);
    await app.events.emit('apps:created', { id: '1', name: 'shop' });
    await messages(stream, 3);
    const kinds = (blocks: string): string[] =>
      blocks
        .trim()
        .split('\n\n')
        .map((block) => /^(retry|id)/.exec(block)?.[0] ?? /"type":"(\w+)"/.exec(block)![1]!);
    // The rest of the write arrives with it.
    expect(kinds(stream.text)).toEqual(kinds(shown!.code));
    stream.close();
  });

  const pipelined = async (...paths: readonly string[]) => {
    const socket = connect(app.port, '127.0.0.1').resume();
    await once(socket, 'connect');
    const heads = paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    socket.write(heads.join(''));
    await until(() => app.registry.size === paths.length);
    return socket;
  };

  it('releases the requests that wait behind a stream when their connection ends', async () => {
    const start = await fetch(`${app.http}/realtime/channels/apps:created/events`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const { lastEventId } = (await start.json()) as { lastEventId: string };
    const wait = `/realtime/channels/apps:created/events?after=${lastEventId}&wait=60`;
    for (let round = 0; round < 2; round += 1) {
      const socket = await pipelined('/realtime/stream', '/realtime/stream', wait);
      socket.destroy();
      await until(() => app.registry.size === 0);
    }
    // The slots of the limit are free, too.
    const stream = await StreamSocket.open(app.http, { token });
    expect(stream.answer.status).toBe(200);
    stream.close();
    await until(() => app.registry.size === 0);
  });

  it('can be terminated while it waits behind another one', async () => {
    const socket = await pipelined('/realtime/stream', '/realtime/stream');
    [...app.registry.all()].at(-1)!.transport.terminate();
    await once(socket, 'close');
    await until(() => app.registry.size === 0);
    expect(socket.destroyed).toBe(true);
  });

  it('refuses frames that are nested too deeply to be written', async () => {
    const stream = await StreamSocket.open(app.http, { token });
    await messages(stream, 1);
    const answer = await stream.post('['.repeat(100_000) + ']'.repeat(100_000));
    expect([answer.status, JSON.parse(await textOf(answer))]).toMatchObject([
      400,
      { message: 'Frame 0 is nested too deeply' },
    ]);
    stream.close();
  });

  it('does not resume a wildcard at the position of one channel', async () => {
    const stream = await StreamSocket.open(app.http, { token, channels: 'database:*', query: { cursor: 'x-1' } });
    const [, ...subscribed] = await messages(stream, 4);
    expect(subscribed.every(({ recovered }) => recovered === false)).toBe(true);
    expect(stream.text).not.toContain('*=x-1');
    stream.close();
  });
});

describe.each(['express', 'fastify', 'http2'] as const)('a client that leaves during the guards (%s)', (http) => {
  it('takes no slot', async () => {
    const steps = new EventEmitter();
    let isSlow = true;
    const canActivate = async (): Promise<boolean> => {
      if (isSlow) {
        steps.emit('asked');
        await once(steps, 'allowed');
      }
      return true;
    };
    const guard = { provide: APP_GUARD, useValue: { canActivate } };
    const app = await RealtimeApp.start({ maxConnections: 1 }, { http, providers: [guard] });
    const options = { token: signToken({ sub: 'ann' }), http2: http === 'http2' };
    const ended = endOfSockets(app);
    const asked = once(steps, 'asked');
    const leave = leaving(app.port, http === 'http2');
    await asked;
    leave();
    await ended;
    isSlow = false;
    steps.emit('allowed');
    await new Promise((resolve) => setImmediate(resolve));
    const stream = await StreamSocket.open(app.http, options);
    expect(stream.answer.status).toBe(200);
    stream.close();
    await app.close();
  });
});

/** Resolves when the next connection of an application has ended. */
async function endOfSockets(app: RealtimeApp): Promise<void> {
  const [socket] = (await once(app.app.getHttpServer() as Server, 'connection')) as [Socket];
  await once(socket, 'close');
}

/** Requests a stream. @returns a function that ends the connection */
function leaving(port: number, isHttp2: boolean): () => void {
  if (!isHttp2) {
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /realtime/stream HTTP/1.1\r\nHost: x\r\n\r\n');
    return () => void socket.destroy();
  }
  const session = connectHttp2(`http://127.0.0.1:${port}`).on('error', () => undefined);
  session.request({ ':path': '/realtime/stream' }).on('error', () => undefined);
  return () => session.destroy();
}
