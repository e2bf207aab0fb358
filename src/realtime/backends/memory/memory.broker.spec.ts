import { jest } from '@jest/globals';
import { RealtimeUnavailableError } from '../../broker/errors.js';
import { MemoryBroker } from './memory.broker.js';

const HOUR_MS = 3_600_000;
const HISTORY = { size: 3, ttlMs: 1_000 };
const LIMITS = { maxEvents: 100, maxBytes: 1_000 };

describe('MemoryBroker', () => {
  let now = 0;
  let broker: MemoryBroker;
  const publish = (body: string, about = {}) =>
    broker.publish({ topic: 't', body, history: HISTORY, timeoutMs: 1_000, ...about });

  beforeEach(() => {
    now = 30 * 24 * HOUR_MS;
    broker = new MemoryBroker(() => now);
  });
  afterEach(() => broker.close());

  it('remembers an idempotency key for 5 minutes, or for the given time', async () => {
    expect((await publish('a', { idempotencyKey: 'k' }))?.offset).toBe(1);
    now += 299_999;
    expect((await publish('b', { idempotencyKey: 'k' }))?.offset).toBe(1);
    now += 1;
    expect((await publish('c', { idempotencyKey: 'k' }))?.offset).toBe(2);
    await publish('d', { idempotencyKey: 'short', idempotencyMs: 10 });
    now += 10;
    expect((await publish('e', { idempotencyKey: 'short' }))?.offset).toBe(4);
  });

  it('keeps a history from its last event on', async () => {
    const first = await publish('a');
    now += 999;
    await publish('b');
    now += 999;
    expect(await broker.read('t', { ...first!, offset: 0 }, LIMITS)).toMatchObject({ ok: true });
    now += 1;
    expect(await broker.read('t', { ...first!, offset: 0 }, LIMITS)).toMatchObject({ ok: false, reason: 'expired' });
  });

  it('keeps no memory for a topic without events and subscribers', async () => {
    const begun = await broker.subscribe('t', HISTORY);
    await broker.unsubscribe('t');
    now += HOUR_MS;
    const { epoch } = (await broker.subscribe('t', HISTORY))!;
    expect(epoch).not.toBe(begun!.epoch); // it was created again
  });

  it('stores nothing for topics that were only read, or left without an event', async () => {
    const { logs } = broker as unknown as { readonly logs: ReadonlyMap<string, unknown> };
    await broker.read('read', { epoch: 'e', offset: 0 }, LIMITS);
    await broker.latest('latest', 5);
    await broker.subscribe('left', HISTORY);
    await broker.unsubscribe('left');
    expect(logs.size).toBe(0);
  });

  it('reads from the position of an empty topic for a day', async () => {
    const begin = (await broker.subscribe('t', HISTORY))!;
    await broker.unsubscribe('t');
    now += 23 * HOUR_MS;
    await publish('a');
    expect(await broker.read('t', begin, LIMITS)).toMatchObject({ ok: true, events: [{ body: 'a' }] });
    expect(await broker.read('t', { ...begin, offset: 1 }, LIMITS)).toMatchObject({ reason: 'unknown_epoch' });
    const other = (await broker.subscribe('other', HISTORY))!;
    await broker.unsubscribe('other');
    now += 24 * HOUR_MS;
    expect(await broker.read('other', other, LIMITS)).toMatchObject({ ok: false, reason: 'unknown_epoch' });
  });

  it('counts the bytes of a read and of a page', async () => {
    const first = await publish('é');
    await publish('é');
    const at = { ...first!, offset: 0 };
    expect(await broker.read('t', at, { ...LIMITS, maxBytes: 4 })).toMatchObject({ ok: true });
    expect(await broker.read('t', at, { ...LIMITS, maxBytes: 3 })).toMatchObject({ ok: false, reason: 'too_many' });
    expect(await broker.page('t', null, { ...LIMITS, maxBytes: 4 })).toMatchObject({ more: false });
    expect(await broker.page('t', null, { ...LIMITS, maxBytes: 3 })).toMatchObject({ more: true });
  });

  it('knows who listens', async () => {
    expect([await broker.hasSubscribers('t'), await broker.listeners('t')]).toEqual([false, 0]);
    await broker.subscribe('t', null);
    expect([await broker.hasSubscribers('t'), await broker.listeners('t')]).toEqual([true, 1]);
  });

  it('is down once it is closed', async () => {
    expect(broker.status).toEqual({ up: true });
    await broker.close();
    expect(broker.status).toEqual({ up: false, reason: 'The application is shutting down' });
    await expect(publish('late')).rejects.toThrow(RealtimeUnavailableError);
  });

  describe('its sweep', () => {
    beforeEach(() => {
      jest.useFakeTimers({ now: 0, doNotFake: ['performance'] });
      broker = new MemoryBroker(() => now);
    });
    afterEach(() => void jest.useRealTimers());

    /** The number of entries of a private map. */
    const sizeOf = (map: 'logs' | 'keys'): number =>
      (broker as unknown as Record<string, Map<string, unknown>>)[map]!.size;

    it('forgets keys that expired, and topics that were not used for a day', async () => {
      await publish('a', { idempotencyKey: 'k' });
      await publish('b', { topic: 'used' });
      await broker.subscribe('used', HISTORY);
      now += 24 * HOUR_MS - 1;
      jest.advanceTimersByTime(30_000);
      expect([sizeOf('keys'), sizeOf('logs')]).toEqual([0, 2]);
      now += 1;
      jest.advanceTimersByTime(30_000);
      expect(sizeOf('logs')).toBe(1);
    });

    it('keeps keys and events until they expire', async () => {
      const first = await publish('a', { idempotencyKey: 'k', history: { size: 3, ttlMs: 40_000 } });
      now += 30_000;
      jest.advanceTimersByTime(30_000);
      expect(sizeOf('keys')).toBe(1);
      expect(await broker.read('t', { ...first!, offset: 0 }, LIMITS)).toMatchObject({ ok: true });
    });
  });
});
