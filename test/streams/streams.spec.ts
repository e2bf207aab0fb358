import { RealtimeStreams, RedisBridge, StreamEndedError, type StreamWriter } from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { signToken } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';
import { StreamClient } from './support/stream-text.js';

const CHANNELS = [
  { name: 'logs:{id}', access: 'public', stream: { cancel: { roles: ['boss'] } } },
  { name: 'small:{id}', access: 'public', stream: { maxBytes: 8_192 } },
  { name: 'items:{id}', access: 'public', stream: { lines: true, maxBytes: 8_192 } },
  { name: 'plain:{id}', access: 'public' },
] as const;

describe.each(['memory', 'Redis'])('streams over %s', (engine) => {
  let redis: RedisProcess | null = null;
  let here: RealtimeApp;
  let there: RealtimeApp;
  let streams: RealtimeStreams;
  let count = 0;

  const readers: StreamClient[] = [];
  const read = async (channel: string, stream?: StreamClient['stream']): Promise<StreamClient> => {
    const reader = await StreamClient.open(there.url, channel, stream === undefined ? {} : { stream });
    readers.push(reader);
    return reader;
  };
  const newName = (group = 'logs'): string => `${group}:${(count += 1)}`;
  const open = (channel: string, options = {}): Promise<StreamWriter> => streams.open(channel, options);

  beforeAll(async () => {
    if (engine === 'Redis') redis = await RedisProcess.start();
    const options = {
      channels: [...CHANNELS],
      streams: { leaseMs: 60_000 },
      ...(redis !== null && { redis: { url: redis.url } }),
    };
    here = await RealtimeApp.start(options);
    there = redis === null ? here : await RealtimeApp.start(options);
    streams = here.app.get(RealtimeStreams);
    await until(() => [here, there].every((one) => one.app.get(RedisBridge).status.up));
  });
  afterEach(async () => {
    await Promise.all(readers.splice(0).map((reader) => reader.close()));
  });
  afterAll(async () => {
    await here.close();
    if (there !== here) await there.close();
    await redis?.stop();
  });

  it('send a text from its start, then live, then its end', async () => {
    const channel = newName();
    const early = await read(channel);
    expect(early.stream).toMatchObject({ state: 'none', id: null });
    const writer = await open(channel);
    await early.reached('open');
    await writer.write('Grüße, 世界 ');
    await early.has(writer.length);
    const late = await read(channel);
    await writer.write('😀');
    expect(await writer.end({ exitCode: 0 })).toBe('done');
    for (const { stream } of [early, late]) {
      await until(() => stream.state === 'done');
      expect(stream).toMatchObject({
        text: 'Grüße, 世界 😀',
        next: writer.length,
        result: { exitCode: 0 },
        problems: [],
      });
      expect([stream.id, stream.missing]).toEqual([writer.id, 0]);
    }
    const after = await read(channel);
    expect(await after.reached('done')).toMatchObject({ text: 'Grüße, 世界 😀', result: { exitCode: 0 } });
  });

  it('continue after a break where the client was', async () => {
    const channel = newName();
    const writer = await open(channel);
    await writer.write('one ');
    const first = await read(channel);
    const { stream } = await first.has(4).then(() => first);
    await first.close();
    await writer.write('two ');
    await writer.flush();
    const second = await read(channel, stream);
    await writer.write('three');
    await writer.end();
    await second.reached('done');
    expect(stream).toMatchObject({ text: 'one two three', beginnings: 1, problems: [] });
  });

  it('take one frame per 64 KB for a client that comes late', async () => {
    const channel = newName();
    const writer = await open(channel);
    const text = 'é'.repeat(100_000);
    for (let at = 0; at < text.length; at += 1_000) await writer.write(text.slice(at, at + 1_000));
    await writer.end();
    const { stream } = await read(channel).then(async (reader) => (await reader.reached('done'), reader));
    expect([stream.text === text, stream.parts, stream.problems]).toEqual([true, 4, []]);
  });

  it('join small writes', async () => {
    const channel = newName();
    const reader = await read(channel);
    const writer = await open(channel, { joinMs: 50 });
    for (let token = 0; token < 1_000; token += 1) await writer.write(`${token} `);
    await writer.end();
    await reader.reached('done');
    expect(reader.stream.text).toBe(Array.from({ length: 1_000 }, (_, token) => `${token} `).join(''));
    expect(reader.stream.parts).toBeLessThan(50);
  });

  it('drop the beginning of a long text, and say where the rest begins', async () => {
    const channel = newName('small');
    const writer = await open(channel);
    const early = await read(channel);
    for (let line = 0; line < 2_000; line += 1) await writer.write(`line ${line} ü\n`);
    await writer.end();
    await early.reached('done');
    const late = await read(channel);
    await late.reached('done');
    expect(late.stream.missing).toBeGreaterThan(0);
    expect(late.stream.missing + Buffer.byteLength(late.stream.text)).toBe(writer.length);
    expect(late.stream.text.endsWith('line 1999 ü\n')).toBe(true);
    expect(Buffer.byteLength(late.stream.text)).toBeGreaterThanOrEqual(6_000);
    expect(Buffer.byteLength(late.stream.text)).toBeLessThanOrEqual(8_192);
    expect(late.stream.text.includes('\ufffd')).toBe(false);
  });

  it('of JSON lines have values', async () => {
    const channel = newName('items');
    const early = await read(channel);
    const writer = await open(channel);
    await early.reached('open');
    const values = Array.from({ length: 500 }, (_, index) => ({ index, text: `ü\n${index}` }));
    await writer.pipe(values);
    await writer.end(values.length);
    const late = await read(channel);
    await Promise.all([early.reached('done'), late.reached('done')]);
    expect(early.stream.items).toEqual(values);
    const kept = late.stream.items.length;
    expect(kept).toBeGreaterThan(100);
    expect(late.stream.items).toEqual(values.slice(-kept));
  });

  it('end when the application says so, and refuse later writes', async () => {
    const channel = newName();
    const reader = await read(channel);
    const writer = await open(channel);
    await writer.write('half');
    expect(await writer.fail('no model')).toBe('failed');
    expect(await reader.reached('failed')).toMatchObject({ text: 'half', reason: 'no model' });
    expect([await writer.end(), await writer.fail('x'), writer.state]).toEqual(['failed', 'failed', 'failed']);
    await expect(writer.write('more')).rejects.toThrow(StreamEndedError);
    expect(writer.signal.aborted).toBe(false);
  });

  it('have one writer at a time', async () => {
    const channel = newName();
    const writer = await open(channel);
    const other = there.app.get(RealtimeStreams);
    await expect(other.open(channel)).rejects.toMatchObject({ code: 'conflict' });
    await writer.write('one ');
    await writer.fail('broken');
    const next = await other.open(channel, { resume: true });
    expect([next.id, next.length]).toEqual([writer.id, 4]);
    const reader = await read(channel);
    await next.write('two');
    await next.end();
    expect(await reader.reached('done')).toMatchObject({ text: 'one two', beginnings: 1 });
    const anew = await other.open(channel);
    expect([anew.id === writer.id, anew.length]).toEqual([false, 0]);
    await anew.write('three');
    await anew.end();
    await until(() => reader.stream.text === 'three');
    expect(reader.stream).toMatchObject({ beginnings: 2, id: anew.id });
  });

  it('reopen for readers that have seen the end', async () => {
    const channel = newName();
    const reader = await read(channel);
    const writer = await open(channel);
    await writer.write('one ');
    await writer.fail('broken');
    await reader.reached('failed');
    const next = await open(channel, { resume: true });
    await reader.reached('open');
    await next.write('two');
    await next.end();
    expect(await reader.reached('done')).toMatchObject({ text: 'one two', beginnings: 1, problems: [] });
  });

  it('are cancelled by clients that the definition allows to, on any instance', async () => {
    const channel = newName();
    const writer = await open(channel);
    const reader = await read(channel);
    const cancel = { type: 'stream_cancel', channel };
    expect(await reader.client.ask(cancel)).toMatchObject({ type: 'error', code: 'forbidden' });
    const boss = await StreamClient.open(there.url, channel, { token: signToken({ sub: 'u', role: 'boss' }) });
    readers.push(boss);
    await writer.write('said');
    expect(await boss.client.ask(cancel)).toMatchObject({ type: 'stream_cancelled', channel });
    expect(await reader.reached('cancelled')).toMatchObject({ text: 'said' });
    expect(writer.signal.reason).toMatchObject({ state: 'cancelled', reason: 'cancelled' });
    await expect(writer.write('more')).rejects.toMatchObject({ reason: 'cancelled' });
    expect(await boss.client.ask(cancel)).toMatchObject({ code: 'not_found' });
    expect(await boss.client.ask({ type: 'stream_cancel', channel: 'plain:1' })).toMatchObject({
      code: 'stream_disabled',
    });
  });

  it('stop reading their source when they are cancelled', async () => {
    const channel = newName();
    const writer = await open(channel);
    let isClosed = false;
    async function* source(): AsyncGenerator<string> {
      try {
        yield 'first';
        for (;;) {
          await new Promise(setImmediate);
          yield '.';
        }
      } finally {
        isClosed = true;
      }
    }
    const piped = writer.pipe(source());
    const reader = await read(channel);
    await reader.has(5);
    expect(await streams.cancel(channel)).toBe('cancelled');
    await expect(piped).rejects.toMatchObject({ reason: 'cancelled' });
    await until(() => isClosed);
  });

  it('decode bytes of a source across its pieces', async () => {
    const channel = newName();
    const writer = await open(channel);
    const bytes = Buffer.from('a😀ü');
    await writer.pipe([...bytes].map((byte) => Buffer.from([byte])));
    await writer.write('\ud83d');
    await writer.write('\ude00 \udc00');
    await writer.write('\ud800');
    await writer.end();
    const reader = await read(channel);
    expect(await reader.reached('done')).toMatchObject({ text: 'a😀ü😀 \ufffd\ufffd', problems: [] });
  });

  it('move a reader that subscribes again', async () => {
    const channel = newName();
    const writer = await open(channel);
    await writer.write('0123456789');
    const reader = await read(channel);
    await reader.has(10);
    expect(await reader.subscribe({ at: 10, id: 'another' })).toMatchObject({ id: writer.id, next: 10, state: 'open' });
    const again = await reader.client.next('stream', (frame) => frame.at === 0 && frame.text !== undefined);
    expect(again).toMatchObject({ next: 10 });
    await writer.end();
  });

  it('refuse requests that do not fit, and keep the connection', async () => {
    const reader = await read(newName());
    const ask = (frame: object) => reader.client.ask({ type: 'subscribe', ...frame });
    expect(await ask({ channel: 'logs:x' })).toMatchObject({ code: 'stream_required' });
    expect(await ask({ channel: 'plain:x', stream: {} })).toMatchObject({ code: 'stream_disabled' });
    expect(await ask({ channel: 'logs:x', stream: { at: -1 } })).toMatchObject({ code: 'invalid_message' });
    expect(await ask({ channel: 'logs:y', stream: { at: 2 ** 40, id: 'x' } })).toMatchObject({ type: 'subscribed' });
    await expect(here.events.emit('logs:x' as never, {} as never)).rejects.toThrow(/is a stream/);
    for (const channel of ['nothing:1', 'plain:1', 5 as never]) {
      await expect(open(channel)).rejects.toMatchObject({ code: 'invalid_channel' });
    }
    await expect(open('logs:z', { ttlMs: -1 })).rejects.toThrow(RangeError);
    const writer = await open(newName());
    await expect(writer.write(5 as never)).rejects.toThrow(TypeError);
    await expect(writer.writeItem({})).rejects.toThrow(TypeError);
    expect(() => writer.end('x'.repeat(70_000))).toThrow(RangeError);
    const items = await open(newName('items'));
    await expect(items.write('x')).rejects.toThrow(TypeError);
    await expect(items.writeItem(undefined)).rejects.toThrow(TypeError);
    await expect(items.writeItem('x'.repeat(70_000))).rejects.toThrow(RangeError);
    await Promise.all([writer.end(), items.end()]);
  });
});
