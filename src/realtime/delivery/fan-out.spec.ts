import { FakeTransport } from '../../../test/support/fake-transport.js';
import { eventBody } from '../../protocol/index.js';
import { Counters } from '../observability/counters.js';
import type { Connection } from '../connections/connection.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { EventFrame } from '../connections/event-frame.js';
import { FanOut } from './fan-out.js';
import { SendBuffer } from '../connections/send-buffer.js';
import { CLOSED_FEED, type Feed, type Subscriber, type Subscription } from '../connections/subscription.js';
import type { FrameWriter } from '../connections/transport.js';
import { topicOf } from '../tenants/topic.js';

const turn = (): Promise<void> => new Promise(setImmediate);
const frame = (name: string): EventFrame =>
  new EventFrame(null, eventBody('c', JSON.stringify(name), '2026-01-01T12:00:00.000Z'));
const namesOf = (bytes: Buffer): string =>
  [...bytes.toString('latin1').matchAll(/"data":"([^"]*)"/g)].map(([, name]) => name).join(' ');

describe('the fan-out of one turn', () => {
  let counters: Counters;
  let registry: ConnectionRegistry;
  let fanOut: FanOut;
  /** By subscription: the names of the sent events, one string per write. */
  let sent: Map<Subscription, string[]>;
  /** The operations on connections, in order. */
  let steps: ('look' | 'write')[];

  beforeEach(() => {
    counters = new Counters();
    registry = new ConnectionRegistry(counters);
    fanOut = new FanOut(registry, counters);
    sent = new Map();
    steps = [];
  });

  /** Connections that keep the names of their events, one string per write. */
  function connect(): Subscriber & { readonly writes: string[] } {
    const transport = new FakeTransport();
    const writes: string[] = [];
    const seen = steps; // deliveries of an earlier test may still be running
    const write = (bytes: Buffer): boolean => {
      seen.push('write');
      writes.push(namesOf(bytes));
      return true;
    };
    const writer = { writableLength: 0, write } as unknown as FrameWriter;
    Object.defineProperty(transport, 'frameWriter', { get: () => (seen.push('look'), writer) });
    const sendBuffer = new SendBuffer(transport, 1_000_000, () => undefined);
    return { sendBuffer, subscriptions: new Map(), send: () => undefined, answer: () => undefined, writes };
  }

  function subscribeAll(connections: readonly ReturnType<typeof connect>[], topic: string): Subscription[] {
    return connections.map((connection) => {
      const subscription = registry.subscribe(connection as unknown as Connection, topic);
      sent.set(subscription, connection.writes);
      return subscription;
    });
  }

  const subscribe = (topic: string, count: number): Subscription[] =>
    subscribeAll(Array.from({ length: count }, connect), topic);

  const having = (subscriptions: readonly Subscription[], name: string): number =>
    subscriptions.filter((subscription) => sent.get(subscription)!.join(' ').split(' ').includes(name)).length;
  const toAll = (subscriptions: readonly Subscription[]): Set<string> =>
    new Set(subscriptions.map((subscription) => sent.get(subscription)!.join(', ')));

  it('sends the events of a turn to all subscribers in one write', async () => {
    const all = subscribe('a', 3);
    fanOut.deliver('a', frame('1'));
    fanOut.deliver('a', frame('2'));
    expect(having(all, '1')).toBe(0);
    await turn();
    expect(toAll(all)).toEqual(new Set(['1 2']));
    expect(counters.delivered).toBe(6);
  });

  it('writes to at most a thousand connections in a turn', async () => {
    subscribe('a', 1_500);
    fanOut.deliver('a', frame('1'));
    await turn();
    expect(steps.filter((step) => step === 'write')).toHaveLength(1_000);
    await turn();
    expect(steps.filter((step) => step === 'write')).toHaveLength(1_500);
  });

  it('makes at most ten thousand deliveries in a turn, however few connections get them', async () => {
    const connections = Array.from({ length: 100 }, connect);
    const topics = Array.from({ length: 120 }, (_, index) => `t${index}`);
    for (const topic of topics) subscribeAll(connections, topic);
    for (const topic of topics) fanOut.deliver(topic, frame('1'));
    await turn();
    expect(counters.delivered).toBe(10_000);
    await turn();
    expect(counters.delivered).toBe(12_000);
  });

  it('measures a batch by its first event', async () => {
    const measured: unknown[] = [];
    const nothing = (): void => undefined;
    const batch = (...given: unknown[]): void => void measured.push(given);
    counters.measure({ published: nothing, batch, replayed: nothing, policyAnswered: nothing, called: nothing });
    subscribe('a', 2);
    subscribe('b', 0);
    for (const second of [1, 2]) {
      fanOut.deliver('a', new EventFrame(null, eventBody('a', '1', `2026-01-01T12:00:0${second}.000Z`)));
      fanOut.deliver('b', frame('1'));
    }
    await turn();
    expect(measured).toEqual([['a', 2, 4, Date.parse('2026-01-01T12:00:01.000Z')]]);
  });

  it('counts the deliveries of a tenant, and nothing without a subscriber', async () => {
    const topic = topicOf('t1', 'a');
    subscribe(topic, 3);
    fanOut.deliver(topic, frame('1'));
    fanOut.deliver(topicOf('t2', 'a'), frame('1'));
    await turn();
    expect([counters.delivered, counters.byTenant.of('t1').delivered]).toEqual([3, 3]);
    expect(counters.byTenant.of('t2').delivered).toBe(0);
  });

  it('looks up the writers of a group of subscribers before it writes to the first of them', async () => {
    subscribe('a', 40);
    fanOut.deliver('a', frame('1'));
    await turn();
    const times = (count: number, step: string): string[] => Array<string>(count).fill(step);
    expect(steps).toEqual([...times(32, 'look'), ...times(32, 'write'), ...times(8, 'look'), ...times(8, 'write')]);
  });

  it('sends nothing to a subscriber that left while others of its group were served', async () => {
    const [first, second] = subscribe('a', 2) as [Subscription, Subscription];
    const push = (): void => {
      second.feed = CLOSED_FEED;
      registry.unsubscribe(second);
    };
    first.feed = { push, reset: () => undefined, position: null };
    fanOut.deliver('a', frame('1'));
    await turn();
    expect(sent.get(second)).toEqual([]);
  });

  it('serves a large channel over several turns, and joins events that arrive meanwhile for the next round', async () => {
    const all = subscribe('a', 2_500);
    fanOut.deliver('a', frame('1'));
    await turn();
    expect(having(all, '1')).toBe(1_000);
    fanOut.deliver('a', frame('2'));
    await turn();
    expect([having(all, '1'), having(all, '2')]).toEqual([2_000, 0]);
    fanOut.deliver('a', frame('3'));
    await turn();
    expect([having(all, '1'), having(all, '2')]).toEqual([2_500, 0]);
    for (let count = 0; count < 3; count += 1) await turn();
    expect(toAll(all)).toEqual(new Set(['1, 2 3']));
    expect(counters.delivered).toBe(7_500);
  });

  it('completes a channel that just fits into a turn, so that later events are not delayed by another turn', async () => {
    const all = subscribe('a', 1_000);
    for (const name of ['1', '2', '3']) {
      fanOut.deliver('a', frame(name));
      await turn();
      expect(having(all, name)).toBe(1_000);
    }
    expect(toAll(all)).toEqual(new Set(['1, 2, 3']));
  });

  it('serves small channels next to a large one', async () => {
    const [large, small] = [subscribe('large', 5_000), subscribe('small', 10)];
    fanOut.deliver('large', frame('1'));
    fanOut.deliver('small', frame('1'));
    await turn();
    expect(having(small, '1')).toBe(10);
    fanOut.deliver('small', frame('2'));
    await turn();
    expect(having(small, '2')).toBe(10);
    expect(having(large, '1')).toBeLessThan(5_000);
  });

  it('writes the events of several channels to each of their common subscribers at once, in order', async () => {
    const connections = Array.from({ length: 500 }, connect);
    const backwards = [...connections].reverse();
    for (const topic of ['a', 'b', 'c']) subscribeAll(topic === 'b' ? backwards : connections, topic);
    const onlyC = subscribe('c', 1);
    for (const topic of ['b', 'c', 'a']) fanOut.deliver(topic, frame(`${topic}1`));
    fanOut.deliver('c', frame('c2'));
    await turn();
    // In order within each channel; subscribers of several channels are reached in a different order by each of them.
    expect(new Set(connections.map(({ writes }) => writes.join(', ')))).toEqual(
      new Set(['b1 c1 c2 a1', 'c1 c2 a1 b1']),
    );
    expect(toAll(onlyC)).toEqual(new Set(['c1 c2']));
    expect(counters.delivered).toBe(4 * 500 + 2);
  });

  it('sends a reply after the events that were collected for its connection, and a close after both', async () => {
    const [first, second] = [connect(), connect()];
    subscribeAll([first], 'a');
    const [subscription] = subscribeAll([second], 'b') as [Subscription];
    const transport = first.sendBuffer['transport'] as FakeTransport;
    // The delivery to the second connection sends something to the first one, for which an event waits.
    const push = (): void => {
      first.sendBuffer.send('reply');
      expect([first.writes, transport.sent]).toEqual([['1'], ['reply']]);
      first.sendBuffer.close(1000, '');
    };
    subscription.feed = { push, reset: () => undefined, position: null };
    fanOut.deliver('a', frame('1'));
    fanOut.deliver('b', frame('2'));
    await turn();
    expect([first.writes, transport.sent, transport.closes]).toEqual([['1'], ['reply'], [[1000, '']]]);
  });

  it('sends the collected events before a close', async () => {
    const [first, second] = [connect(), connect()];
    subscribeAll([first], 'a');
    const [subscription] = subscribeAll([second], 'b') as [Subscription];
    const push = (): void => first.sendBuffer.close(1000, '');
    subscription.feed = { push, reset: () => undefined, position: null };
    fanOut.deliver('a', frame('1'));
    fanOut.deliver('b', frame('2'));
    await turn();
    expect(first.writes).toEqual(['1']);
  });

  it('does not copy large events of several channels, but writes each shared one', async () => {
    const connection = connect();
    for (const topic of ['a', 'b']) subscribeAll([connection], topic);
    for (const topic of ['a', 'b']) fanOut.deliver(topic, frame(topic.repeat(40_000)));
    await turn();
    expect(connection.writes.map((names) => names.length)).toEqual([40_000, 40_000]);
  });

  it('bounds the connections of a turn, not the channels of a connection', async () => {
    const connections = Array.from({ length: 1_500 }, connect);
    const topics = ['a', 'b', 'c', 'd'];
    const all = topics.flatMap((topic) => subscribeAll(connections, topic));
    for (const topic of topics) fanOut.deliver(topic, frame(topic));
    await turn();
    expect(steps.filter((step) => step === 'write')).toHaveLength(1_000);
    await turn();
    // The first turn ended when 'a' had reached 1,000 connections and the others 750.
    expect(toAll(all)).toEqual(new Set(['a b c d', 'a, b c d']));
  });

  it('closes only the connection whose write fails', async () => {
    const [broken, fine] = [connect(), connect()];
    let closed: string | undefined;
    Object.assign(broken, { close: (why: string) => void (closed = why) });
    broken.sendBuffer.writeCollected = () => {
      throw new Error('bug');
    };
    subscribeAll([broken, fine], 'a');
    fanOut.deliver('a', frame('1'));
    await turn();
    expect([closed, fine.writes]).toEqual(['internal', ['1']]);
  });

  it('completes at once when it is flushed, and sends nothing twice', async () => {
    const all = subscribe('a', 2_500);
    fanOut.deliver('a', frame('1'));
    await turn();
    fanOut.deliver('a', frame('2'));
    fanOut.flush('a');
    expect(toAll(all)).toEqual(new Set(['1, 2', '1 2']));
    const late = subscribe('a', 1);
    fanOut.deliver('a', frame('3'));
    fanOut.flushAll();
    expect(toAll(late)).toEqual(new Set(['3']));
    await turn();
    expect(toAll(all)).toEqual(new Set(['1, 2, 3', '1 2, 3']));
    expect(counters.delivered).toBe(7_501);
  });

  it('skips subscribers that left before their turn', async () => {
    const all = subscribe('a', 1_500);
    fanOut.deliver('a', frame('1'));
    await turn();
    // Includes the subscriber that would be next.
    const left = [...all.slice(1_000, 1_001), ...all.slice(1_200)];
    for (const subscription of left) registry.unsubscribe(subscription);
    await turn();
    expect(having(left, '1')).toBe(0);
    expect(having(all, '1')).toBe(1_199);
  });

  it('delivers in order to a feed that flushes while it receives its events', async () => {
    const fed: string[] = [];
    const feed: Feed = {
      push: (given) => {
        fed.push(namesOf(given.bytes));
        fanOut.flush('a');
      },
      reset: () => undefined,
      position: null,
    };
    for (const subscription of subscribe('a', 1)) subscription.feed = feed;
    const others = subscribe('a', 2);
    fanOut.deliver('a', frame('1'));
    fanOut.deliver('a', frame('2'));
    await turn();
    expect(fed).toEqual(['1', '2']);
    expect(toAll(others)).toEqual(new Set(['1 2']));
    expect(counters.delivered).toBe(4);
  });
});
