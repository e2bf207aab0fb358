import type { StreamFrame, StreamFrom } from '../../protocol/index.js';
import { MemoryStreamStore, type StoredStream } from '../backends/memory/memory.stream-store.js';
import { RealtimeUnavailableError } from '../broker/errors.js';
import type { Channel } from '../channels/channel-catalogue.js';
import type { Waiter } from '../connections/send-buffer.js';
import type { SharedFrame } from '../connections/shared-frame.js';
import { PausedFeed, Subscription, type Subscriber } from '../connections/subscription.js';
import { Counters } from '../observability/counters.js';
import { LOOK, noticeOf } from './stream-notice.js';
import { StreamReaders, type Joined } from './stream-readers.js';
import type { StreamPage, StreamRules } from './stream-store.js';

const TOPIC = 'logs:1';
const LEASE_MS = 10_000;
const RULES: StreamRules = { leaseMs: LEASE_MS, ttlMs: 60_000, maxBytes: 1_048_576, lines: false };

/** Lets everything run that waits for nothing else. */
const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** A client that reads a stream, and the send buffer of its connection. */
class Reading {
  readonly frames: StreamFrame[] = [];
  readonly subscriptions = new Map<string, Subscription>();
  closing = false;
  /** True while the client reads nothing. */
  isFull = false;
  private waiting: (() => void)[] = [];
  readonly subscription = new Subscription(this as unknown as Subscriber, TOPIC);
  readonly sendBuffer = {
    send: (frame: string) => this.frames.push(JSON.parse(frame) as StreamFrame),
    whenBelowReplayLimit: (waiter: Waiter) => this.whenEmpty(waiter),
    forget: () => this.wake(),
    isBelowReplayLimit: true,
  };

  constructor() {
    this.subscriptions.set(TOPIC, this.subscription);
    Object.defineProperty(this.sendBuffer, 'isBelowReplayLimit', { get: () => !this.isFull });
  }

  take(frame: SharedFrame): void {
    this.frames.push(JSON.parse(frame.bytes.toString()) as StreamFrame);
  }

  /** The client reads everything. */
  read(): void {
    this.isFull = false;
    this.wake();
  }

  get text(): string {
    return this.frames.map(({ text }) => text ?? '').join('');
  }

  get last(): StreamFrame | undefined {
    return this.frames.at(-1);
  }

  /** Places of the frames: each begins where the one before ended, unless bytes were skipped. */
  get places(): (readonly [number, number])[] {
    return this.frames.map(({ at, next }) => [at, next] as const);
  }

  private async whenEmpty(waiter: Waiter): Promise<boolean> {
    while (this.isFull && !this.closing && !waiter.ended) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    return !this.closing;
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

describe('the readers of a stream', () => {
  let now: number;
  let streams: Map<string, StoredStream>;
  let store: MemoryStreamStore;
  let counters: Counters;
  let readers: StreamReaders;
  /** True while notices get lost on their way. */
  let isDeaf: boolean;
  let writers: number;

  beforeEach(() => {
    [now, isDeaf, writers] = [0, false, 0];
    streams = new Map();
    const publish = async ({ body }: { readonly body: string }) => {
      if (!isDeaf) readers.notice(TOPIC, body);
      return {} as never;
    };
    store = new MemoryStreamStore({ publish }, () => now, streams);
    counters = new Counters();
    const collectFrame = (to: unknown, frame: SharedFrame): void => (to as Reading).take(frame);
    readers = new StreamReaders(store, counters, { collectFrame }, () => now);
  });

  const join = async (client: Reading, from: StreamFrom = {}, lines = false): Promise<Joined> => {
    const joined = (await readers.join(client.subscription, { stream: { lines } } as unknown as Channel, from))!;
    joined.start();
    await settle();
    return joined;
  };
  const reading = async (from: StreamFrom = {}): Promise<Reading> => {
    const client = new Reading();
    await join(client, from);
    return client;
  };
  /** Opens the stream for a writer. */
  const open = async (rules = RULES, resume = false) => {
    const token = { id: `id${(writers += 1)}`, writer: `writer${writers}` };
    const opened = await store.open(TOPIC, { ...token, owner: 'here', resume }, rules, LOOK);
    if (opened.state === 'conflict') throw new Error('The stream is being written');
    const { id } = opened;
    let at = opened.next;
    await settle();
    const write = async (text: string): Promise<void> => {
      const next = at + Buffer.byteLength(text);
      await store.append(TOPIC, { ...token, id }, at, text, rules, noticeOf({ id, at, next, text }));
      at = next;
      await settle();
    };
    const end = async (state: 'done' | 'failed' | 'cancelled' = 'done', json = '{}', text = ''): Promise<void> => {
      await store.end(TOPIC, { ...token, id }, at, text, { state, json }, rules, LOOK);
      await settle();
    };
    return { id, write, end };
  };
  /** The periodic check of the instance. */
  const check = async (afterMs: number): Promise<void> => {
    now += afterMs;
    readers.check(LEASE_MS);
    await settle();
  };
  /** Everything is removed from the backend, as by FLUSHDB. */
  const flush = (): void => streams.clear();

  it('receive parts as they are written, without reading them from the store, and the end', async () => {
    const client = await reading();
    const writer = await open();
    expect(client.frames).toEqual([{ type: 'stream', channel: TOPIC, id: writer.id, at: 0, next: 0 }]);
    const reads = counters.streamReads;
    await writer.write('one ');
    await writer.write('two');
    expect(counters.streamReads).toBe(reads);
    await writer.end('done', '{"result":1}');
    expect(client.frames.slice(1)).toEqual([
      { type: 'stream', channel: TOPIC, at: 0, next: 4, text: 'one ' },
      { type: 'stream', channel: TOPIC, at: 4, next: 7, text: 'two' },
      { type: 'stream', channel: TOPIC, at: 7, next: 7, state: 'done', result: 1 },
    ]);
  });

  it('receive the end with the last text in one frame', async () => {
    const client = await reading();
    const writer = await open();
    await writer.write('one ');
    await writer.end('failed', '{"reason":"x"}', 'two');
    expect(client.last).toMatchObject({ at: 4, next: 7, text: 'two', state: 'failed', reason: 'x' });
  });

  it('share the reads of a text that they join later', async () => {
    const writer = await open();
    await writer.write('x'.repeat(100_000));
    const clients = [new Reading(), new Reading(), new Reading()];
    for (const client of clients) {
      client.isFull = true;
      await join(client);
    }
    for (const client of clients) client.read();
    await settle();
    for (const client of clients) {
      expect([client.text.length, client.places]).toEqual([
        100_000,
        [
          [0, 65_536],
          [65_536, 100_000],
        ],
      ]);
    }
    // And one for each reader after the first, with the state.
    expect(counters.streamReads).toBe(2 + 2);
    expect(counters.framesSent.get('stream')).toBe(6);
  });

  it('continue at their place, at the start in another stream, and anew beyond the end', async () => {
    const writer = await open();
    await writer.write('0123456789');
    expect((await reading({ at: 4, id: writer.id })).frames).toMatchObject([{ at: 4, text: '456789' }]);
    expect((await reading({ at: 4, id: 'another' })).text).toBe('0123456789');
    expect((await reading({ at: 11, id: writer.id })).text).toBe('0123456789');
    expect((await reading({ at: 10, id: writer.id })).frames).toEqual([]);
  });

  it('notice a lost part with the next one, and read what is missing', async () => {
    const client = await reading();
    const writer = await open();
    await writer.write('one ');
    isDeaf = true;
    await writer.write('two ');
    isDeaf = false;
    await writer.write('three');
    expect([client.text, client.frames.at(-1)]).toEqual([
      'one two three',
      expect.objectContaining({ at: 4, next: 13 }),
    ]);
  });

  it('notice a lost part with the next renewal of the lease', async () => {
    const client = await reading();
    const writer = await open();
    isDeaf = true;
    await writer.write('one');
    isDeaf = false;
    expect(client.text).toBe('');
    readers.notice(TOPIC, noticeOf({ id: writer.id, at: 3, next: 3, text: '' }));
    await settle();
    expect(client.text).toBe('one');
  });

  it('notice a lost end with the check, but only once nothing was heard for most of a lease', async () => {
    const client = await reading();
    const writer = await open();
    await writer.write('one');
    isDeaf = true;
    await writer.end();
    await check(LEASE_MS * 0.74);
    expect(client.last).toMatchObject({ text: 'one' });
    await check(LEASE_MS * 0.01);
    expect(client.last).toMatchObject({ state: 'done' });
  });

  it('notice a stream that was opened without a notice, a minute later', async () => {
    const client = await reading();
    isDeaf = true;
    const writer = await open({ ...RULES, leaseMs: 100_000, ttlMs: 100_000 });
    await writer.write('one');
    await check(59_000);
    expect(client.frames).toEqual([]);
    await check(1_001);
    expect([client.text, client.frames[0]!.id]).toEqual(['one', writer.id]);
  });

  it('see that the writer is lost', async () => {
    const client = await reading();
    const writer = await open();
    await writer.write('half');
    await check(LEASE_MS);
    expect(client.last).toMatchObject({ at: 4, next: 4, state: 'failed', reason: 'writer_lost' });
  });

  it('are notified with the next check that the backend has lost the stream', async () => {
    const client = await reading();
    const writer = await open();
    await writer.write('one');
    flush();
    await check(LEASE_MS);
    expect(client.last).toMatchObject({ at: 3, next: 3, state: 'failed', reason: 'lost' });
    const other = await open();
    await other.write('new');
    expect(client.frames.slice(-2)).toMatchObject([
      { id: other.id, at: 0, next: 0 },
      { at: 0, next: 3, text: 'new' },
    ]);
  });

  it('are notified of the loss if they find it while they read', async () => {
    const writer = await open();
    await writer.write('x'.repeat(100_000));
    const client = new Reading();
    client.isFull = true;
    await join(client);
    flush();
    client.read();
    await settle();
    expect(client.frames).toMatchObject([{ state: 'failed', reason: 'lost' }]);
  });

  it('continue in another stream that replaced theirs while they read', async () => {
    const writer = await open();
    await writer.write('x'.repeat(100_000));
    const client = new Reading();
    client.isFull = true;
    await join(client);
    flush();
    const other = await open();
    await other.write('new');
    client.read();
    await settle();
    expect([client.text, client.last]).toMatchObject(['new', { id: other.id, at: 0, next: 3 }]);
  });

  it('do not lose a stream that ended and expired after its end', async () => {
    const client = await reading();
    const writer = await open();
    await writer.write('one');
    await writer.end();
    const { length } = client.frames;
    flush();
    await check(60_000);
    expect(client.frames).toHaveLength(length);
    const late = new Reading();
    expect((await join(late)).info).toMatchObject({ state: 'done' });
  });

  it('get nothing while they do not read, then the rest in large frames, and are not closed', async () => {
    const [slow, quick] = [await reading(), await reading()];
    const writer = await open();
    await writer.write('begin ');
    slow.isFull = true;
    for (let part = 0; part < 100; part += 1) await writer.write('x'.repeat(1_000));
    expect([slow.text, quick.frames.length]).toEqual(['begin ', 102]);
    slow.read();
    await settle();
    expect(slow.text).toBe(quick.text);
    expect(slow.places.slice(2)).toEqual([
      [6, 65_542],
      [65_542, 100_006],
    ]);
    await writer.write('live');
    expect([slow.last, counters.streamBytesSkipped, slow.closing]).toMatchObject([{ text: 'live' }, 0, false]);
  });

  it('skip what is not kept any more, and see how much', async () => {
    const slow = await reading();
    const writer = await open({ ...RULES, maxBytes: 8_192 });
    await writer.write('begin ');
    slow.isFull = true;
    const line = `${'ü'.repeat(500)}\n`;
    for (let part = 0; part < 100; part += 1) await writer.write(line);
    await writer.end();
    slow.read();
    await settle();
    const [, , rest] = slow.frames;
    const { start } = streams.get(TOPIC)!;
    expect(start).toBeGreaterThan(90_000);
    expect(rest).toMatchObject({ at: start, next: 6 + 100 * 1_001, state: 'done' });
    expect(counters.streamBytesSkipped).toBe(start - 6);
    expect(rest!.text!.endsWith(line + line)).toBe(true);
  });

  it('see where the text begins if they join after its beginning was dropped', async () => {
    const writer = await open({ ...RULES, maxBytes: 1_048_576 });
    for (let part = 0; part < 20; part += 1) await writer.write('x'.repeat(65_000));
    const client = new Reading();
    const { info, behind } = await join(client);
    expect(info.start).toBeGreaterThan(0);
    expect(behind).toBe(info.next - info.start);
    expect(client.places[0]![0]).toBe(info.start);
    expect(client.text).toHaveLength(behind);
    expect(counters.streamBytesSkipped).toBe(0);
  });

  it('do not receive an overlapping part, or one of another stream', async () => {
    const client = await reading();
    const writer = await open();
    await writer.write('one');
    const { length } = client.frames;
    for (const notice of [
      { id: writer.id, at: 0, next: 3, text: 'one' },
      { id: writer.id, at: 1, next: 2, text: 'n' },
      { id: 'another', at: 3, next: 6, text: 'bad' },
    ]) {
      readers.notice(TOPIC, noticeOf(notice));
      await settle();
    }
    expect(client.frames).toHaveLength(length);
  });

  it('read what a notice announces but the backend does not have only once', async () => {
    const client = await reading();
    const writer = await open();
    await writer.write('one');
    const { streamReads } = counters;
    readers.notice(TOPIC, noticeOf({ id: writer.id, at: 9, next: 12, text: 'two' }));
    await settle();
    expect([client.text, counters.streamReads - streamReads]).toEqual(['one', 1]);
  });

  it('wait while the backend does not answer, and continue with the next notice', async () => {
    const writer = await open();
    await writer.write('one ');
    const client = new Reading();
    client.isFull = true;
    await join(client);
    const read = store.read.bind(store);
    store.read = () => Promise.reject(new RealtimeUnavailableError('down'));
    client.read();
    await settle();
    expect(client.frames).toEqual([]);
    await expect(join(new Reading())).rejects.toMatchObject({ code: 'unavailable' });
    store.read = read;
    await writer.write('two');
    expect(client.text).toBe('one two');
  });

  it('read on with the next check if the backend did not answer, also after the end', async () => {
    const writer = await open();
    await writer.write('one');
    await writer.end();
    const client = new Reading();
    client.isFull = true;
    await join(client);
    const read = store.read.bind(store);
    store.read = () => Promise.reject(new RealtimeUnavailableError('down'));
    client.read();
    await settle();
    store.read = read;
    await check(1);
    expect(client.frames).toMatchObject([{ text: 'one', state: 'done' }]);
    const { streamReads } = counters;
    await check(1);
    expect(counters.streamReads).toBe(streamReads);
  });

  it('read on with the next renewal if the backend did not answer', async () => {
    const writer = await open();
    await writer.write('one ');
    const client = new Reading();
    client.isFull = true;
    await join(client);
    const read = store.read.bind(store);
    store.read = () => Promise.reject(new RealtimeUnavailableError('down'));
    client.read();
    await settle();
    store.read = read;
    readers.notice(TOPIC, noticeOf({ id: writer.id, at: 4, next: 4, text: '' }));
    await settle();
    expect(client.text).toBe('one ');
  });

  it('begin anew if the stream was replaced before their part was read', async () => {
    const writer = await open();
    await writer.write('old text');
    const client = new Reading();
    client.isFull = true;
    await join(client);
    const read = store.read.bind(store);
    let answer = (): void => undefined;
    store.read = async (...given) => {
      const page = await read(...given);
      store.read = read;
      await new Promise<void>((resolve) => (answer = resolve));
      return page;
    };
    client.read();
    await settle();
    flush();
    const other = await open();
    await other.write('new');
    answer();
    await settle();
    expect([client.text, client.frames[0]]).toMatchObject(['new', { id: other.id, at: 0 }]);
  });

  it('use the newer of two answers', async () => {
    const client = await reading();
    const writer = await open();
    await writer.write('one ');
    const read = store.read.bind(store);
    let answerLate = (): void => undefined;
    const old = await read(TOPIC, 4, 65_536, false, LOOK);
    store.read = () => new Promise<StreamPage | null>((resolve) => (answerLate = () => resolve(old)));
    // The first read of the state waits; a reader asks for its part meanwhile, and is answered first.
    readers.notice(TOPIC, LOOK);
    store.read = read;
    isDeaf = true;
    await writer.write('two');
    await writer.end();
    isDeaf = false;
    const other = new Reading();
    other.isFull = true;
    readers.notice(TOPIC, noticeOf({ id: writer.id, at: 7, next: 7, text: '' }));
    await settle();
    expect(client.last).toMatchObject({ text: 'two', state: 'done' });
    answerLate();
    await settle();
    expect(readers.watched.get(TOPIC)!.info).toMatchObject({ next: 7, state: 'done' });
  });

  it('continue after the end if the stream is opened again', async () => {
    const client = await reading();
    const first = await open();
    await first.write('one ');
    await first.end('failed', '{"reason":"broken"}');
    const second = await open(RULES, true);
    expect(second.id).toBe(first.id);
    expect(client.last).toEqual({ type: 'stream', channel: TOPIC, at: 4, next: 4 });
    await second.write('two');
    await second.end();
    expect(client.frames.slice(-2)).toMatchObject([{ at: 4, text: 'two' }, { state: 'done' }]);
  });

  it('receive values as items', async () => {
    const rules = { ...RULES, lines: true };
    const writer = await open(rules);
    await writer.write('{"a":1}\n"ü\\n"\n');
    const client = new Reading();
    await join(client, {}, true);
    await writer.write('[3]\n');
    expect(client.frames).toMatchObject([
      { at: 0, next: 15, items: [{ a: 1 }, 'ü\n'] },
      { at: 15, next: 19, items: [[3]] },
    ]);
  });

  it('receive nothing during a pause, and then what they missed', async () => {
    const client = await reading();
    const writer = await open();
    await writer.write('one ');
    const paused = client.subscription.feed!.pause!();
    client.subscription.feed = paused;
    expect(paused).toBeInstanceOf(PausedFeed);
    await writer.write('two ');
    await writer.write('three');
    expect(client.text).toBe('one ');
    expect(paused.continue()).toBe(true);
    await settle();
    expect(client.text).toBe('one two three');
    await writer.write(' four');
    expect(client.text).toBe('one two three four');
  });

  it('leave with their subscription, also during a pause, and the last one forgets the stream', async () => {
    const writer = await open();
    const [one, two] = [await reading(), await reading()];
    expect(readers.sizeOf(TOPIC)).toBe(2);
    one.subscription.feed = null;
    expect(readers.sizeOf(TOPIC)).toBe(1);
    two.subscription.feed = two.subscription.feed!.pause!();
    expect(readers.sizeOf(TOPIC)).toBe(1);
    two.subscription.feed = null;
    expect(readers.watched.size).toBe(0);
    const sent = [one.frames.length, two.frames.length];
    await writer.write('later');
    expect([one.frames.length, two.frames.length]).toEqual(sent);
  });

  it('do not start if they have left before the store answered', async () => {
    await open();
    const client = new Reading();
    const joining = readers.join(client.subscription, { stream: { lines: false } } as unknown as Channel, {});
    client.subscriptions.clear();
    expect(await joining).toBeNull();
    expect(readers.watched.size).toBe(0);
  });

  it('do not count what a closing connection does not receive', async () => {
    const client = await reading();
    const writer = await open();
    const { length } = client.frames;
    client.closing = true;
    await writer.write('one');
    expect([client.frames.length, counters.framesSent.get('stream')]).toEqual([length, 0]);
  });

  it('are checked in shares, not all at once', async () => {
    const reads: string[] = [];
    const read = store.read.bind(store);
    store.read = (topic, ...rest) => (reads.push(topic), read(topic, ...rest));
    for (let index = 0; index < 45; index += 1) {
      const client = new Reading();
      const subscription = new Subscription(client as unknown as Subscriber, TOPIC, `logs:${index}`);
      client.subscriptions.set(TOPIC, subscription);
      await readers.join(subscription, { stream: null } as unknown as Channel, {});
    }
    reads.length = 0;
    await check(60_001);
    expect(reads).toHaveLength(20);
    await check(1);
    await check(1);
    expect(new Set(reads).size).toBe(45);
  });
});
