import { MemoryBroker } from '../../src/realtime/backends/memory/memory.broker.js';
import { describeBroker } from '../../src/testing/backend/index.js';

describeBroker('MemoryBroker', () => new MemoryBroker());

describe('MemoryBroker', () => {
  const history = { size: 3, ttlMs: 1_000 };
  let now: number;
  let broker: MemoryBroker;

  beforeEach(() => {
    now = 0;
    broker = new MemoryBroker(() => now);
  });
  afterEach(() => broker.close());

  const publish = (body: string, idempotencyKey?: string) =>
    broker.publish({
      topic: 'c',
      body,
      history,
      timeoutMs: 1,
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });

  it('remembers an idempotencyKey for exactly 5 minutes', async () => {
    const first = await publish('a', 'k');
    now = 299_999;
    expect(await publish('b', 'k')).toEqual(first);
    now = 300_000;
    expect(await publish('c', 'k')).toEqual({ ...first, offset: 2 });
  });

  it('keeps a history for its TTL after the last event', async () => {
    const first = await publish('a');
    now = 900;
    await publish('b');
    now = 1_899;
    const limits = { maxEvents: 10, maxBytes: 100 };
    expect(await broker.read('c', first!, limits)).toMatchObject({ ok: true, events: [{ body: 'b' }] });
    now = 1_900;
    expect(await broker.read('c', first!, limits)).toMatchObject({ ok: false, reason: 'expired' });
  });

  it('counts bytes, not characters', async () => {
    const first = await publish('a');
    await publish('ü'.repeat(50));
    expect(await broker.read('c', first!, { maxEvents: 10, maxBytes: 99 })).toMatchObject({ reason: 'too_many' });
    expect(await broker.read('c', first!, { maxEvents: 10, maxBytes: 100 })).toMatchObject({ ok: true });
  });

  it('stores nothing for channels that were only read, or left without an event', async () => {
    const { logs } = broker as unknown as { logs: Map<string, unknown> };
    for (let index = 0; index < 100; index += 1) {
      await broker.read(`read:${index}`, { epoch: 'e', offset: 0 }, { maxEvents: 1, maxBytes: 1 });
      await broker.latest(`latest:${index}`, 5);
      await broker.subscribe(`left:${index}`, history);
      await broker.unsubscribe(`left:${index}`);
    }
    expect(logs.size).toBe(0);
  });

  it('recognizes the position of a channel without events for less than a day', async () => {
    const hour = 3_600_000;
    const limits = { maxEvents: 10, maxBytes: 100 };
    const begin = (await broker.subscribe('c', history))!;
    await broker.unsubscribe('c');
    now = 23 * hour;
    expect(await broker.read('c', begin, limits)).toMatchObject({ ok: true, events: [] });
    await publish('a');
    expect(await broker.read('c', begin, limits)).toMatchObject({ ok: true, events: [{ body: 'a' }] });
    const later = (await broker.subscribe('d', history))!;
    await broker.unsubscribe('d');
    now = 47 * hour;
    expect(await broker.read('d', later, limits)).toMatchObject({ ok: false, reason: 'unknown_epoch' });
  });
});
