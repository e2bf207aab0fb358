import { EventEmitter, once } from 'node:events';
import type { Position } from '../../src/protocol/index.js';
import type { Broker, BrokerEvent, BrokerListener, OutgoingEvent } from '../../src/realtime/broker/broker.js';
import { RealtimeUnavailableError } from '../../src/realtime/broker/errors.js';
import { within } from '../support/within.js';

const HISTORY = { size: 10, ttlMs: 60_000 };
const LIMITS = { maxEvents: 100, maxBytes: 1_000_000 };

/** Removes the mark, which a test cannot predict. */
const unmarked = (event: BrokerEvent): BrokerEvent =>
  Object.fromEntries(Object.entries(event).filter(([name]) => name !== 'mark')) as unknown as BrokerEvent;

/** Records what a broker delivers, and waits for further events. */
export class Collector implements BrokerListener {
  readonly received: { channel: string; event: BrokerEvent }[] = [];
  private readonly news = new EventEmitter();

  event(channel: string, event: BrokerEvent): void {
    this.received.push({ channel, event });
    this.news.emit('news');
  }

  position(): void {}

  bodies(channel: string): string[] {
    return this.received.filter((entry) => entry.channel === channel).map(({ event }) => event.body);
  }

  offsets(channel: string): (number | undefined)[] {
    return this.received.filter((entry) => entry.channel === channel).map(({ event }) => event.position?.offset);
  }

  /** Resolves once this body was delivered on the channel. */
  async until(channel: string, body: string): Promise<void> {
    const watch = async (): Promise<void> => {
      while (!this.bodies(channel).includes(body)) await once(this.news, 'news');
    };
    await within(5_000, () => `${body} on ${channel}; received: ${JSON.stringify(this.received)}`, watch());
  }
}

/**
 * Tests the guarantees of the `Broker` port.
 * @param makeBroker returns a broker that is ready. Brokers of one test can share their data; each test uses its own channels
 */
export function describeBroker(name: string, makeBroker: () => Broker | Promise<Broker>): void {
  let channels = 0;

  describe(`${name} as a Broker`, () => {
    let broker: Broker;
    let collector: Collector;
    let channel: string;

    beforeEach(async () => {
      channel = `apps:suite${(channels += 1)}-${Math.random().toString(36).slice(2)}`;
      broker = await makeBroker();
      collector = new Collector();
      broker.listen(collector);
    });
    afterEach(() => broker.close());

    const publish = (body: string, about: Partial<OutgoingEvent> = {}): Promise<Position | null> =>
      broker.publish({ topic: channel, body, history: HISTORY, timeoutMs: 5_000, ...about });
    const publishMany = (count: number, about: Partial<OutgoingEvent> = {}): Promise<(Position | null)[]> =>
      Promise.all(Array.from({ length: count }, (_, index) => publish(`m${index + 1}`, about)));
    const read = (after: Position, limits = LIMITS) => broker.read(channel, after, limits);
    const before = ({ epoch }: Position): Position => ({ epoch, offset: 0 });

    it('gives the events of a channel consecutive offsets from 1, in one epoch', async () => {
      const positions = await publishMany(20);
      expect(positions.map((position) => position?.offset)).toEqual(
        Array.from({ length: 20 }, (_, index) => index + 1),
      );
      expect(new Set(positions.map((position) => position?.epoch)).size).toBe(1);
      expect(positions[0]!.epoch).toMatch(/^[A-Za-z0-9]{1,64}$/);
    });

    it('gives each channel a different epoch', async () => {
      const [one, other] = [await publish('m'), await publish('m', { topic: `${channel}-other` })];
      expect(one!.epoch).not.toBe(other!.epoch);
    });

    it('stores and delivers events in the order in which they were published, even without waiting', async () => {
      await broker.subscribe(channel, HISTORY);
      await publishMany(200);
      await collector.until(channel, 'm200');
      expect(collector.bodies(channel)).toEqual(Array.from({ length: 200 }, (_, index) => `m${index + 1}`));
      expect(collector.offsets(channel)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    });

    it('returns the position of the channel on subscribe, and delivers all later events', async () => {
      const last = (await publishMany(3)).at(-1);
      expect(await broker.subscribe(channel, HISTORY)).toEqual(last);
      await publish('beyond');
      await collector.until(channel, 'beyond');
      expect(collector.offsets(channel).at(-1)).toBe(4);
    });

    it('returns the position of a channel without events, and reads the first event from there', async () => {
      const begin = await broker.subscribe(channel, HISTORY);
      expect(begin).toMatchObject({ offset: 0 });
      const first = await publish('first');
      expect(first).toMatchObject({ offset: 1 });
      expect(await read(begin!)).toMatchObject({ ok: true, events: [{ position: first, body: 'first' }], top: first });
    });

    it('recognizes the position of a channel without events after all subscribers left', async () => {
      const begin = await broker.subscribe(channel, HISTORY);
      await broker.unsubscribe(channel);
      expect(await read(begin!)).toEqual({ ok: true, events: [], top: begin });
      await publish('first');
      expect(await read(begin!)).toMatchObject({ ok: true, events: [{ body: 'first' }] });
      const other = { ...begin!, offset: 1 };
      expect(await read({ epoch: 'unknown', offset: 0 })).toMatchObject({ ok: false, reason: 'unknown_epoch' });
      if (begin!.epoch.startsWith('v')) expect(await read(other)).toMatchObject({ ok: false, reason: 'unknown_epoch' });
    });

    it('loses no event that is published during subscribe', async () => {
      const published = publishMany(20);
      const position = await broker.subscribe(channel, HISTORY);
      await published;
      if (position!.offset < 20) await collector.until(channel, 'm20');
      const beyond = collector.offsets(channel).filter((offset) => offset! > position!.offset);
      expect(beyond).toEqual(Array.from({ length: 20 - position!.offset }, (_, index) => position!.offset + 1 + index));
    });

    it('delivers only subscribed channels, and nothing after unsubscribe', async () => {
      const [left, other] = [`${channel}-left`, `${channel}-other`];
      await broker.subscribe(channel, HISTORY);
      await broker.subscribe(left, HISTORY);
      await broker.unsubscribe(left);
      await publish('unseen', { topic: left });
      await publish('unseen', { topic: other });
      await publish('fence');
      await collector.until(channel, 'fence');
      expect(collector.received.map((entry) => entry.channel)).toEqual([channel]);
    });

    it('delivers events again after another subscribe', async () => {
      await broker.subscribe(channel, HISTORY);
      await broker.unsubscribe(channel);
      await publish('missed');
      expect(await broker.subscribe(channel, HISTORY)).toMatchObject({ offset: 1 });
      await publish('seen');
      await collector.until(channel, 'seen');
      expect(collector.bodies(channel)).toEqual(['seen']);
    });

    it('delivers the traceparent next to the event, with and without history', async () => {
      const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
      await broker.subscribe(channel, HISTORY);
      await broker.subscribe(`${channel}-plain`, null);
      const position = await publish('traced', { traceparent });
      await publish('not traced');
      await publish('plain', { topic: `${channel}-plain`, history: null, traceparent });
      await collector.until(channel, 'not traced');
      await collector.until(`${channel}-plain`, 'plain');
      expect(collector.received.map(({ event }) => unmarked(event))).toEqual([
        { position, body: 'traced', traceparent },
        { position: { ...position!, offset: 2 }, body: 'not traced' },
        { position: null, body: 'plain', traceparent },
      ]);
    });

    it('returns the last stored events to a reader without a position', async () => {
      expect(await broker.latest(channel, 5)).toEqual([]);
      const positions = await publishMany(25);
      const events = positions.map((position, index) => ({ position, body: `m${index + 1}` }));
      expect((await broker.latest(channel, 3)).map(unmarked)).toEqual(events.slice(-3));
      expect((await broker.latest(channel, 1_000)).map(unmarked)).toEqual(events.slice(-HISTORY.size));
    });

    it('reports its queue, and the age of its last self-ping', async () => {
      expect(broker.health).toMatchObject({ queuedEvents: 0, queuedBytes: 0 });
      const published = publish('m');
      if (broker.health.selfPingAgeMs !== null) {
        expect(broker.health).toMatchObject({ queuedEvents: 1, queuedBytes: 1 });
        expect(broker.health.selfPingAgeMs).toBeLessThan(10_000);
      }
      await published;
      expect(broker.health).toMatchObject({ queuedEvents: 0, queuedBytes: 0 });
    });

    it('delivers the body unchanged, byte by byte', async () => {
      await broker.subscribe(channel, HISTORY);
      const body = '"data":"\\"ü😀\u2028\u0000\\n"}';
      const position = await publish(body);
      await collector.until(channel, body);
      expect(await read(before(position!))).toMatchObject({ ok: true, events: [{ position, body }] });
    });

    describe('read', () => {
      it('returns all events after a position, in order', async () => {
        const positions = await publishMany(5);
        const [, second] = positions;
        const top = positions.at(-1)!;
        expect(await read(second!)).toMatchObject({
          ok: true,
          events: [3, 4, 5].map((offset) => ({ position: { epoch: top.epoch, offset }, body: `m${offset}` })),
          top,
        });
        expect(await read(top)).toEqual({ ok: true, events: [], top });
      });

      it('also returns the event at the position on request, with the mark with which it was delivered', async () => {
        await broker.subscribe(channel, HISTORY);
        const [first, second] = (await publishMany(3)) as [Position, Position];
        await collector.until(channel, 'm3');
        const marks = collector.received.map(({ event }) => event.mark);
        const result = await broker.read(channel, second, LIMITS, true);
        expect(result).toMatchObject({ ok: true, events: [{ body: 'm3' }] });
        if (!result.ok || marks[0] === undefined) return; // marks are only needed if other processes can deliver events
        expect(new Set(marks).size).toBe(3);
        expect([result.at, ...result.events].map((event) => event?.mark)).toEqual(marks.slice(1));
        expect(result.at).toMatchObject({ position: second, body: 'm2' });
        const last = await broker.read(channel, { ...first, offset: 3 }, LIMITS, true);
        expect(last).toMatchObject({ ok: true, events: [], at: { mark: marks[2] } });
        await publishMany(HISTORY.size);
        // The event at the position is trimmed, but all later ones are still there.
        const all = await broker.read(channel, { ...first, offset: 3 }, LIMITS, true);
        expect(all.ok && all.events.length).toBe(HISTORY.size);
        expect(all.ok && all.at).toBeUndefined();
      });

      it('returns no events at the start of a channel without events', async () => {
        const begin = await broker.subscribe(channel, HISTORY);
        expect(await read(begin!)).toEqual({ ok: true, events: [], top: begin });
      });

      it('returns no events if one of them is trimmed, does not exist yet, or has another epoch', async () => {
        const positions = await publishMany(25);
        const top = positions.at(-1)!;
        const at = (offset: number): Position => ({ epoch: top.epoch, offset });
        expect(await read(at(15))).toMatchObject({ ok: true });
        expect(await read(at(14))).toEqual({ ok: false, reason: 'expired', top });
        expect(await read(at(0))).toEqual({ ok: false, reason: 'expired', top });
        expect(await read(at(26))).toEqual({ ok: false, reason: 'rewound', top });
        expect(await read({ epoch: 'another', offset: 20 })).toEqual({ ok: false, reason: 'unknown_epoch', top });
      });

      it('returns no events if there are too many events or bytes', async () => {
        const top = (await publishMany(6)).at(-1)!;
        const at = (offset: number): Position => ({ epoch: top.epoch, offset });
        expect(await read(at(2), { ...LIMITS, maxEvents: 4 })).toMatchObject({ ok: true });
        expect(await read(at(1), { ...LIMITS, maxEvents: 4 })).toEqual({ ok: false, reason: 'too_many', top });
        expect(await read(at(2), { ...LIMITS, maxBytes: 8 })).toMatchObject({ ok: true });
        expect(await read(at(1), { ...LIMITS, maxBytes: 8 })).toEqual({ ok: false, reason: 'too_many', top });
      });

      it('returns no events after the TTL of the history; the channel keeps counting', async () => {
        const history = { size: 10, ttlMs: 50 };
        const first = await publish('m1', { history });
        const second = await publish('m2', { history });
        await new Promise((resolve) => void setTimeout(resolve, 150)); // lets the TTL pass
        expect(await read(first!)).toEqual({ ok: false, reason: 'expired', top: second });
        expect(await read(second!)).toEqual({ ok: true, events: [], top: second });
        expect(await publish('m3', { history })).toEqual({ epoch: first!.epoch, offset: 3 });
      });

      it('returns as many events as the last publish requested to keep', async () => {
        await publishMany(5, { history: { size: 2, ttlMs: 60_000 } });
        const top = await publish('m6', { history: { size: 3, ttlMs: 60_000 } });
        expect(await read({ epoch: top!.epoch, offset: 2 })).toMatchObject({ ok: false, reason: 'expired' });
        expect(await read({ epoch: top!.epoch, offset: 4 })).toMatchObject({ ok: true });
      });
    });

    describe('with an idempotencyKey', () => {
      it('publishes once, and returns the position of the first event', async () => {
        await broker.subscribe(channel, HISTORY);
        const answers = await Promise.all(['a', 'b', 'c'].map((body) => publish(body, { idempotencyKey: 'k' })));
        expect(answers).toEqual(answers.map(() => answers[0]));
        await publish('fence');
        await collector.until(channel, 'fence');
        expect(collector.bodies(channel)).toEqual(['a', 'fence']);
      });

      it('distinguishes keys and channels', async () => {
        await publish('a', { idempotencyKey: 'k' });
        expect(await publish('b', { idempotencyKey: 'l' })).toMatchObject({ offset: 2 });
        expect(await publish('c', { idempotencyKey: 'k', topic: `${channel}-other` })).toMatchObject({ offset: 1 });
        expect(await publish('d')).toMatchObject({ offset: 3 });
      });

      it('publishes once, also without history', async () => {
        await broker.subscribe(channel, null);
        await publish('a', { history: null, idempotencyKey: 'k' });
        await publish('b', { history: null, idempotencyKey: 'k' });
        await publish('fence', { history: null });
        await collector.until(channel, 'fence');
        expect(collector.bodies(channel)).toEqual(['a', 'fence']);
      });
    });

    it('without history: returns no position, stores nothing, and delivers in order', async () => {
      expect(await broker.subscribe(channel, null)).toBeNull();
      const answers = await publishMany(20, { history: null });
      expect(answers.every((answer) => answer === null)).toBe(true);
      await collector.until(channel, 'm20');
      expect(collector.received.map(({ event }) => unmarked(event))).toEqual(
        answers.map((_, index) => ({ position: null, body: `m${index + 1}` })),
      );
    });

    it('reports whether there are subscribers', async () => {
      expect(await broker.hasSubscribers(channel)).toBe(false);
      await broker.subscribe(channel, HISTORY);
      expect(await broker.hasSubscribers(channel)).toBe(true);
      await broker.unsubscribe(channel);
      expect(await broker.hasSubscribers(channel)).toBe(false);
    });

    it('is up until it is closed, rejects events afterwards, and can be closed again', async () => {
      expect(broker.status).toEqual({ up: true });
      await broker.close();
      expect(broker.status).toMatchObject({ up: false, reason: expect.stringMatching(/./) as unknown });
      await expect(publish('late')).rejects.toBeInstanceOf(RealtimeUnavailableError);
      await broker.close();
    });
  });
}
