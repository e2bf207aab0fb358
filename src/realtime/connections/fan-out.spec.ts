import { eventBody } from '../../protocol/index.js';
import { Counters } from '../observability/counters.js';
import type { Connection } from './connection.js';
import { ConnectionRegistry } from './connection-registry.js';
import { EventFrame, type EventBatch } from './event-frame.js';
import { FanOut } from './fan-out.js';
import { CLOSED_FEED, type Feed, type Subscription } from './subscription.js';

const turn = (): Promise<void> => new Promise(setImmediate);
const frame = (name: string): EventFrame => new EventFrame(null, eventBody('c', name, '2026-01-01T12:00:00.000Z'));
const nameOf = (sent: EventFrame): string => String((JSON.parse(sent.bytes.toString()) as { data: unknown }).data);

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

  function subscribe(topic: string, count: number): Subscription[] {
    return Array.from({ length: count }, () => {
      const writes: string[] = [];
      const sendBuffer = {
        get frameWriter() {
          steps.push('look');
          return null;
        },
        sendBatch: ({ frames }: EventBatch) => {
          steps.push('write');
          writes.push(frames.map(nameOf).join(' '));
          return frames.length;
        },
      };
      const connection = { sendBuffer, subscriptions: new Map(), principal: null } as unknown as Connection;
      const subscription = registry.subscribe(connection, topic);
      sent.set(subscription, writes);
      return subscription;
    });
  }

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

  it('completes at once when it is flushed, and sends nothing twice', async () => {
    const all = subscribe('a', 2_500);
    fanOut.deliver('a', frame('1'));
    await turn();
    fanOut.deliver('a', frame('2'));
    fanOut.flush('a');
    expect(toAll(all)).toEqual(new Set(['1, 2']));
    const late = subscribe('a', 1);
    fanOut.deliver('a', frame('3'));
    fanOut.flushAll();
    expect(toAll(late)).toEqual(new Set(['3']));
    await turn();
    expect(toAll(all)).toEqual(new Set(['1, 2, 3']));
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
        fed.push(nameOf(given));
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
