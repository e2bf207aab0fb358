import { jest } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { Position } from '../../../protocol/index.js';
import { SubscriptionSet } from './subscription-set.js';

/** Shorter than the default of 60 s. */
const AUDIT_MS = 10_000;
const HERE: Position = { epoch: 'a', offset: 1 };

/** Lets all pending promise callbacks run. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Returns the outcome of a promise, filled in once it is settled. */
function outcomeOf<T>(promise: Promise<T>): { value?: T; error?: Error } {
  const outcome: { value?: T; error?: Error } = {};
  promise.then(
    (value) => void (outcome.value = value),
    (error: Error) => void (outcome.error = error),
  );
  return outcome;
}

describe('SubscriptionSet', () => {
  let subscriptions: SubscriptionSet;
  let requested: (readonly string[])[];
  let reported: string[];
  let failures: string[];
  /** Runs before the next read of positions completes. Its rejection fails the read. */
  let read: () => Promise<void>;

  /** A connection to Redis with the methods that subscriptions need. */
  class Connection {
    readonly subscribed: string[][] = [];
    readonly unsubscribed: string[] = [];
    answer: () => Promise<void> = async () => undefined;

    async subscribe(...channels: string[]): Promise<void> {
      this.subscribed.push(channels);
      await this.answer();
    }

    async unsubscribe(channel: string): Promise<void> {
      this.unsubscribed.push(channel);
    }

    get client(): Redis {
      return this as unknown as Redis;
    }
  }

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    [requested, reported, failures] = [[], [], []];
    read = async () => undefined;
    subscriptions = new SubscriptionSet(
      {
        pubsub: (channel) => `c:${channel}`,
        positions: async (_client, channels) => {
          requested.push(channels);
          await read();
          return channels.map(() => ({ position: HERE }));
        },
        onPosition: (channel) => void reported.push(channel),
      },
      (why) => void failures.push(why),
      AUDIT_MS,
    );
  });
  afterEach(() => {
    subscriptions.close();
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  const up = async (): Promise<Connection> => {
    const connection = new Connection();
    await subscriptions.up(connection.client);
    return connection;
  };
  const add = (count: number): void => {
    for (let index = 0; index < count; index += 1) subscriptions.add(`apps:${index}`, true).catch(() => undefined);
  };

  it('subscribes to the channels of one turn in commands of 512, then reads their positions', async () => {
    const connection = await up();
    add(1_100);
    await turn();
    expect(connection.subscribed.map(({ length }) => length)).toEqual([512, 512, 76]);
    expect(requested.map(({ length }) => length)).toEqual([512, 512, 76]);
    expect(reported).toHaveLength(1_100);
  });

  it('takes no longer for a new channel when there are already 60,000', async () => {
    await up();
    /** Returns the median CPU time of many runs: garbage collection falls into a few of them. */
    const addedOneByOne = async (prefix: string): Promise<number> => {
      const times: number[] = [];
      for (let run = 0; run < 30; run += 1) {
        const { user } = process.cpuUsage();
        for (let index = 0; index < 50; index += 1) {
          subscriptions.add(`${prefix}:${run}:${index}`, true).catch(() => undefined);
          await turn();
        }
        times.push(process.cpuUsage().user - user);
      }
      return times.toSorted((a, b) => a - b)[15]!;
    };
    await addedOneByOne('warm-up');
    const alone = await addedOneByOne('first');
    add(60_000);
    await turn();
    expect(reported.length).toBeGreaterThan(60_000);
    expect(await addedOneByOne('last')).toBeLessThan(4 * alone);
  });

  it('reads no position for a channel without history', async () => {
    await up();
    const added = outcomeOf(subscriptions.add('cursors', false));
    await turn();
    expect(added).toEqual({ value: null });
    expect(requested).toEqual([]);
  });

  it('rejects within 6 s while Redis is unavailable, and forgets the channel', async () => {
    const added = outcomeOf(subscriptions.add('apps:1', true));
    jest.advanceTimersByTime(4_900);
    await turn();
    expect(added).toEqual({});
    jest.advanceTimersByTime(1_100);
    await turn();
    expect(added.error).toMatchObject({ code: 'unavailable' });
    expect(subscriptions.has('apps:1')).toBe(false);
    expect((await up()).subscribed).toEqual([]);
  });

  it('rejects waiting callers when the application shuts down', async () => {
    const added = outcomeOf(subscriptions.add('apps:1', true));
    subscriptions.close();
    await turn();
    expect(added.error?.message).toContain('shutting down');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('unsubscribes from a channel that was removed while it was being subscribed', async () => {
    const connection = await up();
    let acknowledge = (): void => undefined;
    connection.answer = () => new Promise((resolve) => (acknowledge = resolve));
    add(1);
    await turn();
    await subscriptions.remove('apps:0');
    acknowledge();
    await turn();
    expect(connection.unsubscribed).toEqual(['c:apps:0']);
  });

  it('subscribes to all channels again on a new connection, and ignores replies of the previous one', async () => {
    const first = await up();
    let acknowledge = (): void => undefined;
    first.answer = () => new Promise((resolve) => (acknowledge = resolve));
    add(2);
    await turn();
    subscriptions.down();
    const second = await up();
    expect(second.subscribed).toEqual([['c:apps:0', 'c:apps:1']]);
    const before = reported.length;
    acknowledge();
    await turn();
    expect(reported).toHaveLength(before);
    expect(first.subscribed).toHaveLength(1);
  });

  it('requests another connection once if subscribing fails', async () => {
    const connection = await up();
    connection.answer = () => Promise.reject(new Error('NOPERM'));
    add(600);
    await turn();
    expect(failures).toEqual(['NOPERM']);
    expect(connection.subscribed).toHaveLength(1);
  });

  describe('the audit', () => {
    /** Advances the clock in steps of a second, and lets each audit complete. */
    const pass = async (seconds: number): Promise<void> => {
      for (let count = 0; count < seconds; count += 1) {
        jest.advanceTimersByTime(1_000);
        await turn();
      }
    };

    it('reads each of 60,000 quiet channels within 1.2 times its interval plus a second, 512 at a time', async () => {
      await up();
      add(60_000);
      await turn();
      requested = [];
      await pass(13);
      expect(new Set(requested.flat()).size).toBe(60_000);
      expect(Math.max(...requested.map(({ length }) => length))).toBe(512);
    });

    it('reads the channels that were quiet longest first, after Redis did not reply', async () => {
      jest.spyOn(Math, 'random').mockReturnValue(0.5);
      await up();
      add(1_024);
      await turn();
      await pass(5);
      for (let index = 0; index < 512; index += 1) subscriptions.noteTraffic(`apps:${index}`);
      read = () => Promise.reject(new Error('no answer'));
      await pass(9);
      requested = [];
      read = async () => undefined;
      await pass(1);
      expect(requested).toHaveLength(2);
      expect(requested.at(0)!.every((channel) => Number(channel.slice(5)) >= 512)).toBe(true);
    });

    it('skips a channel that received an event', async () => {
      await up();
      add(2);
      await turn();
      requested = [];
      for (let count = 0; count < 4; count += 1) {
        await pass(7);
        subscriptions.noteTraffic('apps:0');
      }
      expect(new Set(requested.flat())).toEqual(new Set(['apps:1']));
    });

    it('reads a channel with constant traffic after at most ten intervals', async () => {
      await up();
      add(1);
      await turn();
      requested = [];
      for (let count = 0; count < 14; count += 1) {
        await pass(7);
        subscriptions.noteTraffic('apps:0');
      }
      expect(requested).toEqual([]);
      await pass(3);
      subscriptions.noteTraffic('apps:0');
      await pass(1);
      expect(requested).toEqual([['apps:0']]);
    });

    it('skips a channel without history', async () => {
      await up();
      await subscriptions.add('cursors', false);
      await pass(13);
      expect(requested).toEqual([]);
    });

    it('continues after a failed read', async () => {
      await up();
      add(1);
      await turn();
      requested = [];
      read = () => Promise.reject(new Error('no answer'));
      await pass(13);
      const failed = requested.length;
      expect(failed).toBeGreaterThan(0);
      read = async () => undefined;
      reported = [];
      await pass(2);
      expect(reported).toEqual(['apps:0']);
      expect(failures).toEqual([]);
    });

    it('requests another connection if the server became a replica', async () => {
      await up();
      add(1);
      await turn();
      read = () => Promise.reject(new Error("READONLY You can't write against a read only replica."));
      await pass(13);
      expect(failures[0]).toContain('READONLY');
    });

    it('continues on a new connection while a read on the previous one is pending', async () => {
      await up();
      add(1);
      await turn();
      read = () => new Promise(() => undefined);
      await pass(13);
      read = async () => undefined;
      subscriptions.down();
      await up();
      reported = [];
      await pass(13);
      expect(reported).toEqual(['apps:0']);
    });
  });
});
