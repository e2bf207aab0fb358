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

describe('the fan-out of a turn', () => {
  let counters: Counters;
  let registry: ConnectionRegistry;
  let fanOut: FanOut;
  /** subscription → the names of what it was sent, one text for each write */
  let sent: Map<Subscription, string[]>;
  /** What was done to the connections, one after the other. */
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
        get idleSocket() {
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

  it('goes to everybody in one write, together with what else came in', async () => {
    const all = subscribe('a', 3);
    fanOut.deliver('a', frame('1'));
    fanOut.deliver('a', frame('2'));
    expect(having(all, '1')).toBe(0);
    await turn();
    expect(toAll(all)).toEqual(new Set(['1 2']));
    expect(counters.delivered).toBe(6);
  });

  it('looks at some before it writes to the first of them, and never long before', async () => {
    subscribe('a', 40);
    fanOut.deliver('a', frame('1'));
    await turn();
    const times = (count: number, step: string): string[] => Array<string>(count).fill(step);
    expect(steps).toEqual([...times(32, 'look'), ...times(32, 'write'), ...times(8, 'look'), ...times(8, 'write')]);
  });

  it('gives nothing to one who left while another of the same few was served', async () => {
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

  it('of a large channel takes several turns, and what comes meanwhile is joined for the next round', async () => {
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

  it('is done with a channel that just fits into a turn: what comes after it does not wait for one more', async () => {
    const all = subscribe('a', 1_000);
    for (const name of ['1', '2', '3']) {
      fanOut.deliver('a', frame(name));
      await turn();
      expect(having(all, name)).toBe(1_000);
    }
    expect(toAll(all)).toEqual(new Set(['1, 2, 3']));
  });

  it('leaves room for small channels beside a large one', async () => {
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

  it('is done at once where that is needed, and nobody has it twice', async () => {
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

  it('passes over who left before it was their turn', async () => {
    const all = subscribe('a', 1_500);
    fanOut.deliver('a', frame('1'));
    await turn();
    // The one who is next is among them.
    const left = [...all.slice(1_000, 1_001), ...all.slice(1_200)];
    for (const subscription of left) registry.unsubscribe(subscription);
    await turn();
    expect(having(left, '1')).toBe(0);
    expect(having(all, '1')).toBe(1_199);
  });

  it('reaches a feed that asks for it while it is given its events, in order', async () => {
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
