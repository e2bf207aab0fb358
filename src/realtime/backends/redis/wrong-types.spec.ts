import { Redis } from 'ioredis';
import { RedisBroker } from './redis.broker.js';
import { RedisProcess } from '../../../../test/support/redis-process.js';
import { until } from '../../../../test/support/until.js';

const HISTORY = { size: 10, ttlMs: 60_000 };

describe('a key that another process overwrote with a value of another type', () => {
  let redis: RedisProcess;
  let stranger: Redis;
  let broker: RedisBroker;

  beforeAll(async () => {
    redis = await RedisProcess.start();
    stranger = new Redis(redis.url);
    broker = new RedisBroker({ url: redis.url }, 'rt:');
    await until(() => broker.status.up);
  });
  afterAll(async () => {
    await broker?.close();
    stranger?.disconnect();
    await redis?.stop();
  });

  const emit = (channel: string, { idempotencyKey, history = HISTORY }: EmitOptions = {}) =>
    broker.publish({ topic: channel, body: 'x', history, timeoutMs: 5_000, ...(idempotencyKey && { idempotencyKey }) });

  /** Replaces a string with a list, and any other value with a string. */
  async function retype(key: string): Promise<void> {
    const isString = (await stranger.type(key)) === 'string';
    await stranger.del(key);
    if (isString) await stranger.rpush(key, 'a');
    else await stranger.set(key, 'a');
  }

  it.each(['m', 'h'])('accepts events again: rt:%s:', async (kind) => {
    const channel = `taken:${kind}`;
    await emit(channel);
    await retype(`rt:${kind}:{${channel}}`);
    const position = await emit(channel);
    expect(await emit(channel)).toEqual({ epoch: position!.epoch, offset: position!.offset + 1 });
    expect(await broker.latest(channel, 10)).toHaveLength(2);
  });

  it('accepts events without history again', async () => {
    await emit('plain:one', { history: null });
    await retype('rt:m:{plain:one}');
    await expect(emit('plain:one', { history: null })).resolves.toBeNull();
  });

  it('creates the name of the data set again', async () => {
    await retype('rt:data');
    await expect(broker.subscribe('set:one', HISTORY)).resolves.toMatchObject({ offset: 0 });
    expect(await stranger.get('rt:data')).toMatch(/^\w{12}$/);
  });

  it('rejects no other event in the batch of one with that idempotency key', async () => {
    await emit('keys:one', { idempotencyKey: 'first' });
    await retype((await stranger.keys('rt:i:*'))[0]!);
    const emitted = [emit('keys:one'), emit('keys:one', { idempotencyKey: 'first' }), emit('keys:one')];
    expect((await Promise.all(emitted)).map((position) => position?.offset)).toEqual([2, 3, 4]);
  });

  it.each(['m', 'h'])('does not prevent other channels from being subscribed: rt:%s:', async (kind) => {
    await emit(`bad:${kind}`);
    await retype(`rt:${kind}:{bad:${kind}}`);
    // Both channels are in one batch.
    await Promise.all([broker.subscribe(`bad:${kind}`, HISTORY), broker.subscribe(`good:${kind}`, HISTORY)]);
    expect(broker.status).toEqual({ up: true });
  });

  it('counts as a lost log, also for a reader at the position before its first event', async () => {
    const before = await broker.subscribe('lost:one', HISTORY);
    await emit('lost:one');
    await retype('rt:m:{lost:one}');
    await emit('lost:one');
    const limits = { maxEvents: 10, maxBytes: 1_000 };
    expect(await broker.read('lost:one', before!, limits)).toMatchObject({ ok: false, reason: 'unknown_epoch' });
  });
});

interface EmitOptions {
  readonly idempotencyKey?: string;
  readonly history?: typeof HISTORY | null;
}
