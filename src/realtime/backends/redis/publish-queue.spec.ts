import { jest } from '@jest/globals';
import type { RealtimeUnavailableError } from '../../broker/errors.js';
import { MAX_BATCH_BYTES, MAX_BATCH_EVENTS, type Lane } from './publish-lane.js';
import {
  MAX_IN_FLIGHT,
  MAX_QUEUED_BYTES,
  MAX_QUEUED_EVENTS,
  PublishQueue,
  type Outcome,
  type QueuedEvent,
} from './publish-queue.js';

const PUBLISHED: Outcome = { kind: 'published', position: null };
const again = (pause: 'channel' | 'all', mayBePublished = false): Outcome => ({
  ...{ kind: 'again', reason: 'not now', mayBePublished, pause },
});

/** A script in flight, with its events. */
interface Try {
  readonly events: readonly string[];
  readonly retries: readonly boolean[];
  /** @param outcome outcome of each of its events */
  answer(outcome: Outcome): Promise<void>;
}

describe('PublishQueue', () => {
  let tries: Try[];
  let failures: string[];
  let queue: PublishQueue<string>;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    tries = [];
    failures = [];
    queue = new PublishQueue<string>({
      send: (entries) => new Promise((resolve) => void tries.push(aTry(entries, resolve))),
      writeTogether: (write) => write(),
      onFailure: (why) => void failures.push(why),
      historySize: (event) => (event.startsWith('short') ? 10 : 1_000),
      canBatch: (first, next) => first.startsWith('plain') === next.startsWith('plain'),
    });
  });
  afterEach(() => {
    queue.close();
    jest.useRealTimers();
  });

  const settle = () => new Promise<void>((resolve) => void setImmediate(resolve));
  const aTry = (entries: readonly QueuedEvent<string>[], resolve: (outcomes: readonly Outcome[]) => void): Try => ({
    events: entries.map(({ event }) => event),
    retries: entries.map(({ retry }) => retry),
    answer: async (outcome) => {
      resolve(entries.map(() => outcome));
      await settle();
    },
  });
  /**
   * Adds an event.
   * @returns its state, updated when the event is settled
   */
  const add = (
    event: string,
    channel = 'a',
    timeoutMs = 5_000,
    bytes = 1,
  ): { error?: RealtimeUnavailableError; done?: true } => {
    const state: { error?: RealtimeUnavailableError; done?: true } = {};
    queue.add(event, channel, bytes, timeoutMs).then(
      () => void (state.done = true),
      (error: RealtimeUnavailableError) => void (state.error = error),
    );
    return state;
  };
  const sent = (): readonly (readonly string[])[] => tries.map(({ events }) => events);
  const attempt = (index: number): Try => {
    const found = tries.at(index);
    if (found === undefined) throw new Error(`only ${tries.length} scripts were sent`);
    return found;
  };
  const run = async (): Promise<void> => {
    queue.run();
    await settle();
  };
  /** Returns the number of channels and events in memory, including settled events. */
  const kept = (): { channels: number; events: number } => {
    const lanes = Reflect.get(queue, 'lanes') as ReadonlyMap<string, Lane<string>>;
    const waiting = [...lanes.values()].map((lane) => (Reflect.get(lane, 'waiting') as unknown[]).length);
    return { channels: lanes.size, events: waiting.reduce((sum, count) => sum + count, 0) };
  };

  it('sends the events that one turn adds to a channel in one script, separate from other channels', async () => {
    queue.run();
    for (const event of ['1', '2', '3']) add(event);
    add('4', 'b');
    await settle();
    expect(sent()).toEqual([['1', '2', '3'], ['4']]);
  });

  it('has one script per channel in flight, and sends the remaining events after its reply, in order', async () => {
    await run();
    const first = add('1');
    await settle();
    add('2');
    add('3');
    await settle();
    expect(sent()).toEqual([['1']]);
    await attempt(0).answer(PUBLISHED);
    expect(first.done).toBe(true);
    expect(sent()).toEqual([['1'], ['2', '3']]);
  });

  it('limits a script by events and bytes, but allows a single event of any size', async () => {
    for (let number = 1; number <= MAX_BATCH_EVENTS + 1; number += 1) add(String(number));
    add('half', 'b', 5_000, MAX_BATCH_BYTES / 2);
    add('half', 'b', 5_000, MAX_BATCH_BYTES / 2);
    add('large', 'b', 5_000, MAX_BATCH_BYTES * 4);
    await run();
    for (const one of tries.slice(0, 2)) await one.answer(PUBLISHED);
    expect(sent().map(({ length }) => length)).toEqual([MAX_BATCH_EVENTS, 2, 1, 1]);
  });

  it('sends at most as many events per script as the channel keeps, but at least 64', async () => {
    for (let number = 0; number < 65; number += 1) add(`short ${number}`);
    await run();
    await attempt(0).answer(PUBLISHED);
    expect(sent().map(({ length }) => length)).toEqual([64, 1]);
  });

  it('puts events that cannot be batched into separate scripts', async () => {
    for (const event of ['1', 'plain 2', '3']) add(event);
    await run();
    await attempt(0).answer(PUBLISHED);
    await attempt(1).answer(PUBLISHED);
    expect(sent()).toEqual([['1'], ['plain 2'], ['3']]);
  });

  it('keeps the order if Redis replies "not now": failed events are sent again before later ones', async () => {
    await run();
    add('1');
    await settle();
    add('2');
    await attempt(0).answer(again('channel'));
    expect(sent()).toEqual([['1']]);
    jest.advanceTimersByTime(50);
    await settle();
    expect(sent()).toEqual([['1'], ['1', '2']]);
    expect(attempt(1).retries).toEqual([false, false]);
  });

  it('pauses only the affected channel, longer with each failure', async () => {
    await run();
    add('1');
    await settle();
    await attempt(0).answer(again('channel'));
    jest.advanceTimersByTime(50);
    await settle();
    await attempt(1).answer(again('channel'));
    jest.advanceTimersByTime(99);
    add('2', 'b');
    await settle();
    expect(sent()).toEqual([['1'], ['1'], ['2']]);
    jest.advanceTimersByTime(1);
    await settle();
    expect(sent()).toEqual([['1'], ['1'], ['2'], ['1']]);
    expect(failures).toEqual([]);
  });

  it('stops all channels if the connection fails, and requests another one once no script is in flight', async () => {
    await run();
    add('1');
    add('2', 'b');
    await settle();
    await attempt(0).answer(again('all', true));
    add('3', 'c');
    await settle();
    expect(failures).toEqual([]);
    await attempt(1).answer(again('all', false));
    expect(failures).toEqual(['not now']);
    expect(sent()).toHaveLength(2);
    await run();
    expect(new Set(sent().slice(2).flat())).toEqual(new Set(['1', '2', '3']));
    expect(tries.slice(2).map(({ events, retries }) => [...events, ...retries])).toContainEqual(['1', true]);
    expect(tries.slice(2).map(({ events, retries }) => [...events, ...retries])).toContainEqual(['2', false]);
  });

  it('rejects an event at its deadline, not earlier, and releases it', async () => {
    const [short, long] = [add('1', 'a', 1_000), add('2', 'a', 5_000)];
    jest.advanceTimersByTime(800);
    await settle();
    expect([short, long]).toEqual([{}, {}]);
    jest.advanceTimersByTime(400);
    await settle();
    expect(short.error).toMatchObject({
      mayBePublished: false,
      message: expect.stringMatching(/^Not published/) as unknown,
    });
    expect(long).toEqual({});
    expect([queue.length, queue.bytes]).toEqual([1, 1]);
    await run();
    expect(sent()).toEqual([['2']]);
  });

  it('reports that an event may have been published if it expires in flight or as a retry', async () => {
    await run();
    const [onItsWay, retried] = [add('1', 'a', 1_000), add('2', 'b', 1_000)];
    await settle();
    await attempt(1).answer(again('channel', true));
    jest.advanceTimersByTime(1_200);
    await settle();
    for (const { error } of [onItsWay, retried]) {
      expect(error).toMatchObject({ mayBePublished: true, message: expect.stringMatching(/may have been/) as unknown });
    }
    await attempt(0).answer(again('channel', true));
    expect([queue.length, queue.bytes]).toEqual([0, 0]);
  });

  it('sends the next events of a channel after its first ones expired', async () => {
    await run();
    add('1', 'a', 400);
    await settle();
    await attempt(0).answer(again('all'));
    jest.advanceTimersByTime(600);
    const next = add('2');
    await run();
    expect(sent()).toEqual([['1'], ['2']]);
    await attempt(1).answer(PUBLISHED);
    expect(next.done).toBe(true);
  });

  it('rejects an event that Redis refuses, and continues', async () => {
    await run();
    const refused = add('1');
    await settle();
    add('2');
    await attempt(0).answer({ kind: 'refused', reason: 'no', mayBePublished: true });
    expect(refused.error).toMatchObject({ message: 'no', mayBePublished: true });
    expect(sent()).toEqual([['1'], ['2']]);
  });

  it('limits the bytes of all channels together', async () => {
    add('1', 'a', 5_000, MAX_QUEUED_BYTES);
    const tooMuch = add('2', 'b');
    await settle();
    expect(tooMuch.error?.message).toContain('The queue to Redis is full');
  });

  it('rejects queued events on close, and reports which of them may have been published', async () => {
    await run();
    const onItsWay = add('1');
    await settle();
    const waits = add('2');
    queue.close();
    await settle();
    expect([onItsWay.error?.mayBePublished, waits.error?.mayBePublished]).toEqual([true, false]);
    expect(queue.length).toBe(0);
  });

  it('limits the events of all channels together', async () => {
    for (let number = 0; number < MAX_QUEUED_EVENTS; number += 1) add(String(number), String(number % 7));
    const tooMany = add('one more', 'b');
    await settle();
    expect(tooMany.error?.message).toContain('The queue to Redis is full');
    expect(queue.length).toBe(MAX_QUEUED_EVENTS);
  });

  it('has at most 512 scripts in flight, and sends the next one after a reply', async () => {
    for (let number = 0; number <= MAX_IN_FLIGHT; number += 1) add('1', `channel ${number}`);
    await run();
    expect(tries).toHaveLength(MAX_IN_FLIGHT);
    await attempt(0).answer(PUBLISHED);
    expect(tries).toHaveLength(MAX_IN_FLIGHT + 1);
  });

  it('releases events that expired while Redis was unavailable, and their channels', async () => {
    for (let number = 0; number < 100; number += 1) add(String(number), String(number % 5), number < 50 ? 400 : 2_000);
    jest.advanceTimersByTime(600);
    expect(kept()).toEqual({ channels: 5, events: 50 });
    jest.advanceTimersByTime(2_000);
    expect(kept()).toEqual({ channels: 0, events: 0 });
  });

  it('releases a channel after its events were published', async () => {
    await run();
    for (const channel of ['a', 'b', 'c']) add('1', channel);
    await settle();
    for (const one of tries) await one.answer(PUBLISHED);
    expect(kept()).toEqual({ channels: 0, events: 0 });
  });

  it('pauses for the initial time again after a success', async () => {
    await run();
    add('1');
    await settle();
    for (const [index, pause] of [50, 100, 200].entries()) {
      await attempt(index).answer(again('channel'));
      jest.advanceTimersByTime(pause);
      await settle();
    }
    add('2');
    await attempt(3).answer(PUBLISHED);
    await attempt(4).answer(again('channel'));
    jest.advanceTimersByTime(50);
    await settle();
    expect(tries).toHaveLength(6);
  });

  it('clears the timer if it is closed while a channel pauses', async () => {
    await run();
    add('1');
    await settle();
    await attempt(0).answer(again('channel'));
    queue.close();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('keeps the process alive while an event is not settled', async () => {
    const intervals = jest.spyOn(globalThis, 'setInterval');
    queue.close();
    queue = new PublishQueue<string>({
      send: (entries) => new Promise((resolve) => void tries.push(aTry(entries, resolve))),
      writeTogether: (write) => write(),
      onFailure: () => undefined,
      historySize: () => 1_000,
      canBatch: () => true,
    });
    const timer = intervals.mock.results.at(0)!.value as NodeJS.Timeout;
    intervals.mockRestore();
    expect(timer.hasRef()).toBe(false);
    add('1');
    expect(timer.hasRef()).toBe(true);
    await run();
    await attempt(0).answer(PUBLISHED);
    expect(timer.hasRef()).toBe(false);
  });
});
