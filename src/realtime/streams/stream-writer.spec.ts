import { Readable } from 'node:stream';
import { RealtimeUnavailableError } from '../broker/errors.js';
import { GrowingText } from '../backends/memory/growing-text.js';
import { MemoryStreamStore, type StoredStream } from '../backends/memory/memory.stream-store.js';
import type { StreamRules, StreamStore, StreamWritten } from './stream-store.js';
import { parseNotice } from './stream-notice.js';
import { StreamWriter } from './stream-writer.js';

const TOPIC = 'logs:1';
const RULES: StreamRules = { leaseMs: 15_000, ttlMs: 60_000, maxBytes: 1_048_576, lines: false };
const TOKEN = { id: 'id', writer: 'writer' };

const turn = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 1));

describe('a writer of a stream', () => {
  let now: number;
  let store: MemoryStreamStore;
  let streams: Map<string, StoredStream>;
  /** Calls of the store, in order. */
  let calls: string[];
  /** Bytes of the instance that wait, and their limit. */
  let waiting: number;
  let limit: number;
  /** Notices that the store delivered, and ends that the writer reported. */
  let notices: string[];
  let reported: string[];

  const open = async (rules = RULES, wrapped: StreamStore = store): Promise<StreamWriter> => {
    await store.open(TOPIC, { ...TOKEN, owner: 'here', resume: false }, rules, '');
    const host = {
      ...{ store: wrapped, topic: TOPIC, channel: TOPIC, token: TOKEN, rules, joinMs: 5, now: () => now },
      waits: (bytes: number) => (waiting += bytes) > limit,
      written: () => undefined,
      ended: (state: string) => void reported.push(state),
    };
    return new StreamWriter(host, 0);
  };
  const stored = async () => (await store.read(TOPIC, 0, 65_536, false, ''))!;

  /** A store whose calls wait until they are released. */
  const held = () => {
    const waiters: (() => void)[] = [];
    const wrapped = Object.create(store) as MemoryStreamStore;
    const wait = (): Promise<void> => new Promise((resolve) => waiters.push(resolve));
    wrapped.append = async (...given) => (await wait(), store.append(...given));
    wrapped.end = async (...given) => (await wait(), store.end(...given));
    return { wrapped, waiters, release: () => waiters.splice(0).forEach((resolve) => resolve()) };
  };

  beforeEach(() => {
    [now, calls, waiting, limit, notices, reported] = [0, [], 0, Infinity, [], []];
    streams = new Map();
    const publish = async ({ body }: { readonly body: string }) => (notices.push(body), {} as never);
    store = new MemoryStreamStore({ publish }, () => now, streams);
    const append = store.append.bind(store);
    const end = store.end.bind(store);
    store.append = (...given) => (calls.push(`append ${given[3]}`), append(...given));
    store.end = (...given) => (calls.push(`end ${given[3]}`), end(...given));
  });

  it('stores the last text with the end', async () => {
    const writer = await open();
    await writer.write('one ');
    await writer.write('two');
    expect(await writer.end()).toBe('done');
    expect(calls).toEqual(['end one two']);
    expect(await stored()).toMatchObject({ text: 'one two', state: 'done' });
    expect(waiting).toBe(0);
  });

  it('appends a long last text before the end, so that live readers get all of it', async () => {
    const writer = await open({ ...RULES, maxBytes: 4_096 });
    const text = 'x'.repeat(5_000);
    void writer.write(text);
    await writer.end();
    expect(calls).toEqual([`append ${text}`, 'end ']);
  });

  it('notifies the readers of each part and of its place, and asks them to look at the end', async () => {
    const writer = await open();
    await writer.write('ü');
    await writer.flush();
    await writer.write('x');
    await writer.flush();
    now = RULES.leaseMs / 5;
    await writer.renew();
    await writer.end();
    expect(notices.map((notice) => parseNotice(notice))).toEqual([
      null,
      { id: 'id', at: 0, next: 2, text: 'ü' },
      { id: 'id', at: 2, next: 3, text: 'x' },
      { id: 'id', at: 3, next: 3, text: '' },
      null,
    ]);
  });

  it('aborts its signal at once when it is cancelled, before the end is stored', async () => {
    const { wrapped, waiters, release } = held();
    const writer = await open(RULES, wrapped);
    await writer.write('said');
    const cancelled = writer.cancel();
    expect(writer.signal.reason).toMatchObject({ state: 'cancelled', reason: 'cancelled' });
    while (waiters.length === 0) await turn();
    release();
    expect(await cancelled).toBe('cancelled');
    expect(await stored()).toMatchObject({ text: 'said', state: 'cancelled' });
  });

  it('is not aborted by a request to cancel it that comes after its end', async () => {
    const { wrapped, waiters, release } = held();
    const writer = await open(RULES, wrapped);
    const [ended, cancelled] = [writer.end(), writer.cancel()];
    while (waiters.length === 0) await turn();
    release();
    expect(await Promise.all([ended, cancelled])).toEqual(['done', 'done']);
    expect(writer.signal.aborted).toBe(false);
  });

  it('reports its end once, and stores nothing after it was refused', async () => {
    const wrapped = Object.create(store) as MemoryStreamStore;
    wrapped.append = async () => ({ state: 'fenced' });
    const writer = await open(RULES, wrapped);
    await writer.write('x'.repeat(70_000));
    expect(await writer.end()).toBe('failed');
    expect(await writer.fail('late')).toBe('failed');
    await writer.renew();
    expect([reported, calls, waiting]).toEqual([['failed'], [], 0]);
  });

  it('must be renewed once nothing was written for a fifth of its lease', async () => {
    const writer = await open();
    now = RULES.leaseMs / 5 - 1;
    expect(writer.mustRenew).toBe(false);
    now += 1;
    expect(writer.mustRenew).toBe(true);
    await writer.write('x');
    await writer.flush();
    expect(writer.mustRenew).toBe(false);
    now += RULES.leaseMs;
    await writer.end();
    expect(writer.mustRenew).toBe(false);
  });

  it('accepts empty writes, and writes nothing for them', async () => {
    const writer = await open();
    await writer.write('');
    await writer.flush();
    await turn();
    expect([calls, writer.length]).toEqual([[], 0]);
    await writer.end();
    expect(calls).toEqual(['end ']);
    await expect(writer.write('')).rejects.toMatchObject({ state: 'done', reason: 'ended' });
    await expect(writer.pipe(['x'])).rejects.toMatchObject({ reason: 'ended' });
    await writer.flush();
  });

  it('passes the error of a source on, and stays open', async () => {
    const writer = await open();
    const source = (async function* () {
      yield 'half';
      await turn();
      throw new Error('no model');
    })();
    await expect(writer.pipe(source)).rejects.toThrow('no model');
    expect(writer.state).toBe('open');
    expect(await writer.fail('no model')).toBe('failed');
    expect(await stored()).toMatchObject({ text: 'half', state: 'failed' });
  });

  it('destroys a Node stream that is piped when it is cancelled, also while it waits for data', async () => {
    const source = new Readable({ read: () => undefined });
    source.push('said');
    const writer = await open();
    const piped = writer.pipe(source);
    while (calls.length === 0) await turn();
    await writer.cancel();
    await expect(piped).rejects.toMatchObject({ reason: 'cancelled' });
    expect([source.destroyed, (await stored()).text]).toEqual([true, 'said']);
  });

  it('counts the replacement of half a character at the end', async () => {
    const writer = await open();
    await writer.write('a\ud83d');
    expect(writer.length).toBe(1);
    await writer.end();
    expect([writer.length, waiting, (await stored()).next]).toEqual([4, 0, 4]);
  });

  it('does not wait for the limit of the instance while nothing of this stream is on its way', async () => {
    limit = 0;
    waiting = 10;
    const writer = await open();
    await writer.write('');
    await writer.write('\ud83d');
    await writer.write('\ude00');
    expect((await stored()).text).toBe('😀');
  });

  it('waits at the limit of the instance until its text is stored', async () => {
    limit = 2;
    const { wrapped, waiters, release } = held();
    const writer = await open(RULES, wrapped);
    await writer.write('12');
    let isAccepted = false;
    const third = writer.write('3').then(() => (isAccepted = true));
    while (waiters.length === 0) await turn();
    expect(isAccepted).toBe(false);
    release();
    await third;
    expect((await stored()).text).toBe('123');
  });

  it('resolves each end once it is stored, with the state that was stored', async () => {
    const { wrapped, waiters, release } = held();
    const writer = await open(RULES, wrapped);
    const states: string[] = [];
    const ends = [writer.end(), writer.shutDown(), writer.cancel()].map((end) =>
      end.then((state) => states.push(state)),
    );
    while (waiters.length === 0) await turn();
    expect(states).toEqual([]);
    // Another writer has continued the stream meanwhile.
    now = 20_000;
    await store.open(TOPIC, { id: 'x', writer: 'other', owner: 'there', resume: true }, RULES, '');
    release();
    await Promise.all(ends);
    expect(states).toEqual(['failed', 'failed', 'failed']);
    expect(writer.signal.reason).toMatchObject({ reason: 'fenced' });
  });

  it('does not expire before its lease while it is open, however shortly it is kept afterwards', async () => {
    const writer = await open({ ...RULES, ttlMs: 1_000 });
    await writer.write('kept ');
    await writer.flush();
    now += 14_000;
    await writer.renew();
    now += 14_000;
    await writer.write('on');
    expect(await writer.end()).toBe('done');
    expect((await stored()).text).toBe('kept on');
    now += 1_001;
    expect(await store.read(TOPIC, 0, 0, false, '')).toBeNull();
  });

  it('renews its lease once, however long the backend does not answer', async () => {
    const { wrapped, waiters, release } = held();
    const writer = await open(RULES, wrapped);
    const renewals: Promise<void>[] = [];
    for (let tick = 0; tick < 5; tick += 1) {
      now += 5_000;
      renewals.push(writer.renew());
      await turn();
    }
    expect(waiters).toHaveLength(1);
    now = 6_000;
    release();
    await Promise.all(renewals);
    expect(calls).toEqual(['append ']);
  });

  it('calls the store once for a write and a flush', async () => {
    const writer = await open();
    await writer.write('a');
    await writer.flush();
    await turn();
    await turn();
    expect(calls).toEqual(['append a']);
  });

  it('appends again what the backend has lost, and what follows', async () => {
    const writer = await open();
    for (const text of ['one ', 'two ', 'three ']) {
      await writer.write(text);
      await writer.flush();
    }
    await loseAfter(4);
    await writer.write('four');
    expect(await writer.end()).toBe('done');
    expect((await stored()).text).toBe('one two three four');
  });

  it.each([
    ['is too old', () => void (now += 31_000)],
    ['does not begin where a write began', () => undefined],
  ])('reports a stream as failed if the lost text %s', async (_what, age) => {
    const writer = await open({ ...RULES, leaseMs: 100_000 });
    await writer.write('one ');
    await writer.flush();
    age();
    await writer.renew();
    await loseAfter(2);
    await writer.write('two');
    expect(await writer.end()).toBe('failed');
    expect(await stored()).toMatchObject({ state: 'failed', end: '{"reason":"lost"}' });
    expect(writer.signal.reason).toMatchObject({ reason: 'lost' });
  });

  it.each<[string, Partial<StreamWritten>]>([
    ['fenced', { state: 'fenced' }],
    ['writer_lost', { state: 'ended' }],
    ['lost', { state: 'lost' }],
  ])('ends with the reason %s', async (reason, written) => {
    const wrapped = Object.create(store) as MemoryStreamStore;
    wrapped.append = async () => written as StreamWritten;
    const writer = await open(RULES, wrapped);
    const flushed = writer.write('x').then(() => writer.flush());
    await expect(flushed).rejects.toMatchObject({ state: 'failed', reason });
    expect([writer.signal.aborted, waiting]).toEqual([true, 0]);
    await expect(writer.write('y')).rejects.toMatchObject({ reason });
  });

  it('repeats a call until the backend answers, for a minute at most, and not while the instance ends', async () => {
    const wrapped = Object.create(store) as MemoryStreamStore;
    let attempts = 0;
    wrapped.append = async (...given) => {
      attempts += 1;
      // The first call was stored, but its answer was lost.
      const result = await store.append(...given);
      if (attempts < 3) throw new RealtimeUnavailableError('down');
      return result;
    };
    const writer = await open(RULES, wrapped);
    await writer.write('once');
    await writer.flush();
    expect([attempts, (await stored()).text]).toEqual([3, 'once']);
    wrapped.append = async () => {
      now += 61_000;
      throw new RealtimeUnavailableError('down');
    };
    await writer.write('more');
    await expect(writer.flush()).rejects.toMatchObject({ reason: 'unavailable' });
    wrapped.end = () => Promise.reject(new RealtimeUnavailableError('down'));
    const ending = await open(RULES, wrapped);
    ending.giveUp();
    now = 0;
    expect(await ending.shutDown()).toBe('failed');
  });

  it('does not cut a reason within a character', async () => {
    const writer = await open();
    await writer.fail(`${'x'.repeat(999)}😀 and more`);
    expect((await stored()).end).toBe(JSON.stringify({ reason: `${'x'.repeat(999)}😀` }));
  });

  it('waits for a slow backend while it is piped', async () => {
    const { wrapped, waiters, release } = held();
    const writer = await open(RULES, wrapped);
    let read = 0;
    const source = (function* () {
      for (; read < 100; read += 1) yield 'x'.repeat(10_000);
    })();
    const piped = writer.pipe(source);
    while (waiters.length === 0) await turn();
    // 256 KB wait, and the source is not read further.
    expect(read).toBeLessThan(28);
    let isDone = false;
    const done = piped.then(() => writer.flush()).then(() => (isDone = true));
    while (!isDone) {
      release();
      await turn();
    }
    await done;
    expect([read, (await store.read(TOPIC, 0, 0, false, ''))!.next]).toEqual([100, 1_000_000]);
  });

  /** As if the backend had failed over to a copy that lacks the last writes. */
  async function loseAfter(bytes: number): Promise<void> {
    const { text } = await stored();
    const kept = Buffer.from(text).subarray(0, bytes).toString();
    const stream = streams.get(TOPIC)!;
    stream.text = new GrowingText();
    stream.text.append(kept, bytes);
  }
});
