import { blocksOf } from '../docs/support/blocks.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { signToken } from '../support/jwt.js';
import { within } from '../support/within.js';
import { StreamSocket, textOf } from './support/stream-socket.js';

describe.each(['express', 'fastify'] as const)('a stream of server-sent events (%s)', (http) => {
  let app: RealtimeApp;
  const token = signToken({ sub: 'ann' });
  beforeAll(async () => {
    app = await RealtimeApp.start({}, { http });
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

  it('has the blocks that docs/streaming.md shows', async () => {
    const [shown] = blocksOf('docs/streaming.md').filter(({ language }) => language === 'text');
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
});
