import { jest } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { Position } from '../../../protocol/index.js';
import { SubscriptionSet } from './subscription-set.js';

/** Shorter than by default (60 s). */
const AUDIT_MS = 10_000;
const HERE: Position = { epoch: 'a', offset: 1 };

/** Lets everything that waits for a resolved promise go on. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** The end of a promise, once it has one. */
function outcomeOf<T>(promise: Promise<T>): { value?: T; error?: Error } {
  const outcome: { value?: T; error?: Error } = {};
  promise.then(
    (value) => void (outcome.value = value),
    (error: Error) => void (outcome.error = error),
  );
  return outcome;
}

describe('Subscriber', () => {
  let subscriber: SubscriptionSet;
  let asked: (readonly string[])[];
  let told: string[];
  let troubles: string[];
  /** What the next read of positions waits for, or fails with. */
  let read: () => Promise<void>;

  /** A connection to Redis, as far as subscriptions need it. */
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
    [asked, told, troubles] = [[], [], []];
    read = async () => undefined;
    subscriber = new SubscriptionSet(
      {
        pubsub: (channel) => `c:${channel}`,
        positions: async (_client, channels) => {
          asked.push(channels);
          await read();
          return channels.map(() => ({ position: HERE }));
        },
        onPosition: (channel) => void told.push(channel),
      },
      (why) => void troubles.push(why),
      AUDIT_MS,
    );
  });
  afterEach(() => {
    subscriber.close();
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  const up = async (): Promise<Connection> => {
    const connection = new Connection();
    await subscriber.up(connection.client);
    return connection;
  };
  const add = (count: number): void => {
    for (let index = 0; index < count; index += 1) subscriber.add(`apps:${index}`, true).catch(() => undefined);
  };

  it('subscribes what one turn adds in commands of 512 channels, then reads where each is', async () => {
    const connection = await up();
    add(1_100);
    await turn();
    expect(connection.subscribed.map(({ length }) => length)).toEqual([512, 512, 76]);
    expect(asked.map(({ length }) => length)).toEqual([512, 512, 76]);
    expect(told).toHaveLength(1_100);
  });

  it('takes no longer for a new channel when it has 60,000 of them', async () => {
    await up();
    const addedOneByOne = async (prefix: string): Promise<number> => {
      const { user } = process.cpuUsage();
      for (let index = 0; index < 300; index += 1) {
        subscriber.add(`${prefix}:${index}`, true).catch(() => undefined);
        await turn();
      }
      return process.cpuUsage().user - user;
    };
    await addedOneByOne('warm-up');
    const alone = await addedOneByOne('first');
    add(60_000);
    await turn();
    expect(told.length).toBeGreaterThan(60_000);
    expect(await addedOneByOne('last')).toBeLessThan(10 * alone);
  });

  it('reads no position of a channel without history', async () => {
    await up();
    const added = outcomeOf(subscriber.add('cursors', false));
    await turn();
    expect(added).toEqual({ value: null });
    expect(asked).toEqual([]);
  });

  it('rejects within 6 s while Redis is unavailable, and keeps nothing of it', async () => {
    const added = outcomeOf(subscriber.add('apps:1', true));
    jest.advanceTimersByTime(4_900);
    await turn();
    expect(added).toEqual({});
    jest.advanceTimersByTime(1_100);
    await turn();
    expect(added.error).toMatchObject({ code: 'unavailable' });
    expect(subscriber.has('apps:1')).toBe(false);
    expect((await up()).subscribed).toEqual([]);
  });

  it('rejects the callers that wait when the application shuts down', async () => {
    const added = outcomeOf(subscriber.add('apps:1', true));
    subscriber.close();
    await turn();
    expect(added.error?.message).toContain('shutting down');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('unsubscribes a channel that was left while it was being subscribed', async () => {
    const connection = await up();
    let acknowledge = (): void => undefined;
    connection.answer = () => new Promise((resolve) => (acknowledge = resolve));
    add(1);
    await turn();
    await subscriber.remove('apps:0');
    acknowledge();
    await turn();
    expect(connection.unsubscribed).toEqual(['c:apps:0']);
  });

  it('subscribes everything again on a new connection, and ignores answers of the one before', async () => {
    const first = await up();
    let acknowledge = (): void => undefined;
    first.answer = () => new Promise((resolve) => (acknowledge = resolve));
    add(2);
    await turn();
    subscriber.down();
    const second = await up();
    expect(second.subscribed).toEqual([['c:apps:0', 'c:apps:1']]);
    const before = told.length;
    acknowledge();
    await turn();
    expect(told).toHaveLength(before);
    expect(first.subscribed).toHaveLength(1);
  });

  it('asks for another connection when subscribing fails, once', async () => {
    const connection = await up();
    connection.answer = () => Promise.reject(new Error('NOPERM'));
    add(600);
    await turn();
    expect(troubles).toEqual(['NOPERM']);
    expect(connection.subscribed).toHaveLength(1);
  });

  describe('the audit', () => {
    /** Runs the clock in steps of a second, and lets each audit have its answers. */
    const pass = async (seconds: number): Promise<void> => {
      for (let count = 0; count < seconds; count += 1) {
        jest.advanceTimersByTime(1_000);
        await turn();
      }
    };

    it('reads each of 60,000 quiet channels within 1.2 times its interval and a second, 512 at a time', async () => {
      await up();
      add(60_000);
      await turn();
      asked = [];
      await pass(13);
      expect(new Set(asked.flat()).size).toBe(60_000);
      expect(Math.max(...asked.map(({ length }) => length))).toBe(512);
    });

    it('reads the longest quiet channels first after Redis did not answer', async () => {
      jest.spyOn(Math, 'random').mockReturnValue(0.5);
      await up();
      add(1_024);
      await turn();
      await pass(5);
      for (let index = 0; index < 512; index += 1) subscriber.noteTraffic(`apps:${index}`);
      read = () => Promise.reject(new Error('no answer'));
      await pass(9);
      asked = [];
      read = async () => undefined;
      await pass(1);
      expect(asked).toHaveLength(2);
      expect(asked.at(0)!.every((channel) => Number(channel.slice(5)) >= 512)).toBe(true);
    });

    it('leaves out a channel on which something came in', async () => {
      await up();
      add(2);
      await turn();
      asked = [];
      for (let count = 0; count < 4; count += 1) {
        await pass(7);
        subscriber.noteTraffic('apps:0');
      }
      expect(new Set(asked.flat())).toEqual(new Set(['apps:1']));
    });

    it('reads a channel on which something comes in all the time after ten intervals at the latest', async () => {
      await up();
      add(1);
      await turn();
      asked = [];
      for (let count = 0; count < 14; count += 1) {
        await pass(7);
        subscriber.noteTraffic('apps:0');
      }
      expect(asked).toEqual([]);
      await pass(3);
      subscriber.noteTraffic('apps:0');
      await pass(1);
      expect(asked).toEqual([['apps:0']]);
    });

    it('leaves out a channel without history', async () => {
      await up();
      await subscriber.add('cursors', false);
      await pass(13);
      expect(asked).toEqual([]);
    });

    it('goes on after a read that failed', async () => {
      await up();
      add(1);
      await turn();
      asked = [];
      read = () => Promise.reject(new Error('no answer'));
      await pass(13);
      const failed = asked.length;
      expect(failed).toBeGreaterThan(0);
      read = async () => undefined;
      told = [];
      await pass(2);
      expect(told).toEqual(['apps:0']);
      expect(troubles).toEqual([]);
    });

    it('asks for another connection when the server became a replica', async () => {
      await up();
      add(1);
      await turn();
      read = () => Promise.reject(new Error("READONLY You can't write against a read only replica."));
      await pass(13);
      expect(troubles[0]).toContain('READONLY');
    });

    it('goes on with a new connection while a read of the one before has no answer', async () => {
      await up();
      add(1);
      await turn();
      read = () => new Promise(() => undefined);
      await pass(13);
      read = async () => undefined;
      subscriber.down();
      await up();
      told = [];
      await pass(13);
      expect(told).toEqual(['apps:0']);
    });
  });
});
