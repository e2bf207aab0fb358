import assert from 'node:assert/strict';
import {
  RealtimeUnavailableError,
  type Broker,
  type OutgoingEvent,
  type Position,
  type ReadResult,
} from '../../realtime/index.js';
import { assertMatches, until } from './assertions.js';
import { HISTORY, LIMITS, type BrokerUnderTest } from './broker-under-test.js';
import { Collector, unmarked } from './collector.js';
import { describePages } from './describe-pages.js';
import { describeReads } from './describe-reads.js';
import { runnerOf, type TestRunner } from './test-runner.js';

/** Returns consecutive numbers. */
const numbers = (count: number, from = 1): number[] => Array.from({ length: count }, (_, index) => from + index);
const bodies = (count: number): string[] => numbers(count).map((number) => `m${number}`);

/**
 * Tests the guarantees of a `Broker`.
 * @param create creates a broker; the brokers of a test run can share their data, because each test uses separate topics
 * @param runner default: the global functions
 */
export function describeBroker(name: string, create: () => Broker | Promise<Broker>, runner?: TestRunner): void {
  const { describe, it, beforeEach, afterEach } = runnerOf(runner);

  describe(`${name}: guarantees of a broker`, () => {
    let broker: Broker;
    let collector: Collector;
    let topic: string;

    beforeEach(async () => {
      topic = `apps:suite-${Math.random().toString(36).slice(2)}`;
      broker = await create();
      collector = new Collector();
      broker.listen(collector);
      broker.start();
      await until(
        () => broker.status.up,
        () => `the broker to be up: ${broker.status.reason ?? ''}`,
      );
    });
    afterEach(() => broker.close());

    const publish = (body: string, about: Partial<OutgoingEvent> = {}): Promise<Position | null> =>
      broker.publish({ topic, body, history: HISTORY, timeoutMs: 5_000, ...about });
    const publishMany = (count: number, about: Partial<OutgoingEvent> = {}): Promise<(Position | null)[]> =>
      Promise.all(bodies(count).map((body) => publish(body, about)));
    const read = (after: Position | null): Promise<ReadResult> => broker.read(topic, after!, LIMITS);
    const brokerUnderTest: BrokerUnderTest = {
      broker: () => broker,
      collector: () => collector,
      topic: () => topic,
      publish,
      publishMany,
    };

    it('numbers the events of a topic from 1 without a gap, in one epoch', async () => {
      const positions = await publishMany(20);
      const offsets = positions.map((position) => position?.offset);
      assert.deepEqual(offsets, numbers(20));
      assert.equal(new Set(positions.map((position) => position?.epoch)).size, 1);
      assert.match(positions[0]!.epoch, /^[A-Za-z0-9]{1,64}$/);
    });

    it('gives each topic a different epoch', async () => {
      const [one, other] = [await publish('m'), await publish('m', { topic: `${topic}-other` })];
      assert.notEqual(one!.epoch, other!.epoch);
    });

    it('keeps the order of events that were published without waiting, and delivers them in that order', async () => {
      await broker.subscribe(topic, HISTORY);
      await publishMany(200);
      await collector.until(topic, 'm200');
      assert.deepEqual(collector.bodies(topic), bodies(200));
      assert.deepEqual(collector.offsets(topic), numbers(200));
    });

    it('returns the position on subscribe, and delivers every later event', async () => {
      const last = (await publishMany(3)).at(-1);
      assert.deepEqual(await broker.subscribe(topic, HISTORY), last);
      await publish('later');
      await collector.until(topic, 'later');
      assert.equal(collector.offsets(topic).at(-1), 4);
    });

    it('returns a position for a topic without events, and reads the first event after it', async () => {
      const begin = await broker.subscribe(topic, HISTORY);
      assert.equal(begin?.offset, 0);
      assert.deepEqual(await read(begin), { ok: true, events: [], top: begin });
      const first = await publish('first');
      assert.equal(first?.offset, 1);
      assertMatches(await read(begin), { ok: true, events: [{ position: first, body: 'first' }], top: first });
    });

    it('reads from the position of an empty topic, even after its last subscriber has left', async () => {
      const begin = await broker.subscribe(topic, HISTORY);
      await broker.unsubscribe(topic);
      assert.deepEqual(await read(begin), { ok: true, events: [], top: begin });
      await publish('first');
      assertMatches(await read(begin), { ok: true, events: [{ body: 'first' }] });
      assertMatches(await read({ epoch: 'unknown', offset: 0 }), { ok: false, reason: 'unknown_epoch' });
    });

    it('loses no event that is published during subscribe', async () => {
      const published = publishMany(20);
      const position = await broker.subscribe(topic, HISTORY);
      await published;
      if (position!.offset < 20) await collector.until(topic, 'm20');
      const later = collector.offsets(topic).filter((offset) => offset! > position!.offset);
      assert.deepEqual(later, numbers(20 - position!.offset, position!.offset + 1));
    });

    it('delivers only subscribed topics, and none after unsubscribe', async () => {
      const [left, other] = [`${topic}-left`, `${topic}-other`];
      await broker.subscribe(topic, HISTORY);
      await broker.subscribe(left, HISTORY);
      await broker.unsubscribe(left);
      await publish('unseen', { topic: left });
      await publish('unseen', { topic: other });
      await publish('last');
      await collector.until(topic, 'last');
      assert.deepEqual(new Set(collector.received.map((entry) => entry.topic)), new Set([topic]));
      assert.equal(collector.received.length, 1);
    });

    it('delivers again after a second subscribe', async () => {
      await broker.subscribe(topic, HISTORY);
      await broker.unsubscribe(topic);
      await publish('missed');
      assert.equal((await broker.subscribe(topic, HISTORY))?.offset, 1);
      await publish('seen');
      await collector.until(topic, 'seen');
      // In a Redis Cluster, an earlier event can arrive at the node of the subscriber after its subscription.
      assert.deepEqual(
        collector.bodies(topic).filter((body) => body !== 'missed'),
        ['seen'],
      );
    });

    it('delivers the traceparent with the event, with history and without', async () => {
      const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
      const plain = `${topic}-plain`;
      await broker.subscribe(topic, HISTORY);
      await broker.subscribe(plain, null);
      const position = await publish('traced', { traceparent });
      await publish('not traced');
      await publish('plain', { topic: plain, history: null, traceparent });
      await collector.until(topic, 'not traced');
      await collector.until(plain, 'plain');
      const received = collector.received.toSorted((a, b) => a.topic.length - b.topic.length);
      const events = received.map(({ event }) => unmarked(event));
      assert.deepEqual(events, [
        { position, body: 'traced', traceparent },
        { position: { ...position!, offset: 2 }, body: 'not traced' },
        { position: null, body: 'plain', traceparent },
      ]);
    });

    it('delivers the hints with the event, and keeps them in reads and pages', async () => {
      const hints = 'except=a-connection:digest&conflate=a%20key';
      const plain = `${topic}-plain`;
      await broker.subscribe(topic, HISTORY);
      await broker.subscribe(plain, null);
      const position = await publish('hinted', { hints });
      await publish('not hinted');
      await publish('plain', { topic: plain, history: null, hints });
      await collector.until(topic, 'not hinted');
      await collector.until(plain, 'plain');
      const events = [
        { position, body: 'hinted', hints },
        { position: { ...position!, offset: 2 }, body: 'not hinted' },
      ];
      const received = collector.received.toSorted((a, b) => a.topic.length - b.topic.length);
      assert.deepEqual(
        received.map(({ event }) => unmarked(event)),
        [...events, { position: null, body: 'plain', hints }],
      );
      const found = await read({ ...position!, offset: 0 });
      assert.deepEqual(found.ok ? found.events.map(unmarked) : found, events);
      const page = await broker.page(topic, null, { maxEvents: 10, maxBytes: 1_000 });
      assert.deepEqual(page?.events.map(unmarked), events);
    });

    it('reports the queue, and when it last received its own ping', async () => {
      assertMatches(broker.health, { queuedEvents: 0, queuedBytes: 0 });
      const published = publish('m');
      const { selfPingAgeMs } = broker.health;
      if (selfPingAgeMs !== null) assert.ok(selfPingAgeMs < 10_000);
      await published;
      assertMatches(broker.health, { queuedEvents: 0, queuedBytes: 0 });
    });

    it('delivers and stores the body byte by byte', async () => {
      await broker.subscribe(topic, HISTORY);
      const body = '"data":"\\"ü😀\u2028\\u0000\\n"}';
      const position = await publish(body);
      await collector.until(topic, body);
      assertMatches(await read({ ...position!, offset: 0 }), { ok: true, events: [{ position, body }] });
    });

    describePages({ describe, it }, brokerUnderTest);

    describeReads({ describe, it }, brokerUnderTest);

    describe('with an idempotencyKey', () => {
      it('publishes once, and returns the position of the first event each time', async () => {
        await broker.subscribe(topic, HISTORY);
        const answers = await Promise.all(['a', 'b', 'c'].map((body) => publish(body, { idempotencyKey: 'k' })));
        for (const answer of answers) assert.deepEqual(answer, answers[0]);
        await publish('last');
        await collector.until(topic, 'last');
        assert.deepEqual(collector.bodies(topic), ['a', 'last']);
      });

      it('distinguishes keys and topics', async () => {
        await publish('a', { idempotencyKey: 'k' });
        assertMatches(await publish('b', { idempotencyKey: 'l' }), { offset: 2 });
        assertMatches(await publish('c', { idempotencyKey: 'k', topic: `${topic}-other` }), { offset: 1 });
        assertMatches(await publish('d'), { offset: 3 });
      });

      it('publishes once without history, too', async () => {
        await broker.subscribe(topic, null);
        await publish('a', { history: null, idempotencyKey: 'k' });
        await publish('b', { history: null, idempotencyKey: 'k' });
        await publish('last', { history: null });
        await collector.until(topic, 'last');
        assert.deepEqual(collector.bodies(topic), ['a', 'last']);
      });
    });

    it('without history: stores nothing, returns no position, and delivers in order', async () => {
      assert.equal(await broker.subscribe(topic, null), null);
      const answers = await publishMany(20, { history: null });
      assert.ok(answers.every((answer) => answer === null));
      await collector.until(topic, 'm20');
      const events = collector.received.map(({ event }) => unmarked(event));
      const expected = bodies(20).map((body) => ({ position: null, body }));
      assert.deepEqual(events, expected);
    });

    it('knows if an instance has subscribed', async () => {
      assert.equal(await broker.hasSubscribers(topic), false);
      await broker.subscribe(topic, HISTORY);
      assert.equal(await broker.hasSubscribers(topic), true);
      assert.equal(await broker.listeners(topic), 1);
      await broker.unsubscribe(topic);
      assert.equal(await broker.hasSubscribers(topic), false);
    });

    it('is up until it is closed; then it refuses to publish, and can be closed again', async () => {
      assert.deepEqual(broker.status, { up: true });
      await broker.close();
      assert.equal(broker.status.up, false);
      assert.match(broker.status.reason ?? '', /./);
      await assert.rejects(publish('late'), RealtimeUnavailableError);
      await broker.close();
    });
  });
}
