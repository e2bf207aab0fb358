import { jest } from '@jest/globals';
import fc from 'fast-check';
import { FakeTransport } from '../../../test/support/fake-transport.js';
import { eventBody, type Position } from '../../protocol/index.js';
import { EventFrame } from '../connections/event-frame.js';
import { SendBuffer } from '../connections/send-buffer.js';
import { CLOSED_FEED, PausedFeed, Subscription } from '../connections/subscription.js';
import { CatchUp, type CatchUpSource, type LastEvents, type ReplayResult } from './catch-up.js';

const LIMITS = { maxEvents: 10, maxBytes: 1_000_000 };

/** Lets all pending promise callbacks run. */
const turn = (): Promise<void> => new Promise(setImmediate);

const frameAt = (epoch: string, offset: number): EventFrame =>
  new EventFrame({ epoch, offset }, eventBody('c', String(offset), 't'));

/** The history of a channel, and an instance that can lag behind it. */
class Source implements CatchUpSource {
  epoch = 'a';
  top = 0;
  trimmed = 0;
  /** Position of the instance; `null` without history. */
  position: Position | null = { epoch: 'a', offset: 0 };
  manual = false;
  failures = 0;
  reads = 0;
  readonly asked: (() => void)[] = [];

  get there(): Position {
    return { epoch: this.epoch, offset: this.top };
  }

  flush(): void {}

  async readAfter(after: Position): Promise<ReplayResult> {
    this.reads += 1;
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('no answer');
    }
    const answer = this.answer(after);
    if (this.manual) await new Promise<void>((resolve) => this.asked.push(resolve));
    return answer;
  }

  async readLast(count: number): Promise<LastEvents> {
    this.reads += 1;
    const top = this.there;
    const from = { ...top, offset: Math.max(this.trimmed, top.offset - count) };
    const frames = [];
    for (let offset = from.offset + 1; offset <= top.offset; offset += 1) frames.push(frameAt(this.epoch, offset));
    if (this.manual) await new Promise<void>((resolve) => this.asked.push(resolve));
    return { frames, from, top };
  }

  private answer(after: Position): ReplayResult {
    const top = this.there;
    if (after.epoch !== this.epoch) return { ok: false, reason: 'unknown_epoch', top };
    if (after.offset > this.top) return { ok: false, reason: 'rewound', top };
    if (after.offset < this.trimmed) return { ok: false, reason: 'expired', top };
    const frames = [];
    for (let offset = after.offset + 1; offset <= this.top; offset += 1) frames.push(frameAt(this.epoch, offset));
    return { ok: true, frames, top };
  }
}

class Harness {
  readonly transport = new FakeTransport();
  readonly source = new Source();
  readonly sendBuffer = new SendBuffer(this.transport, 16_384, () => undefined);
  readonly subscription = new Subscription(
    {
      sendBuffer: this.sendBuffer,
      answer: () => undefined,
      subscriptions: new Map(),
      send: (frame) => void this.sendBuffer.send(JSON.stringify(frame)),
    },
    'c',
  );
  delivered = 0;

  begin(at: Position | null, limits = LIMITS): CatchUp {
    const catchUp = new CatchUp(this.subscription, this.source, limits, at, () => (this.delivered += 1));
    this.subscription.feed = catchUp;
    return catchUp;
  }

  /** Adds an event to the history that the instance has not received yet. */
  publish(): void {
    this.source.top += 1;
  }

  /** Delivers the next event to the instance, which forwards it to the subscription like the fan-out. */
  takeIn(): void {
    const { source, subscription } = this;
    const here = source.position!;
    if (here.epoch !== source.epoch || here.offset >= source.top) return;
    source.position = { epoch: here.epoch, offset: here.offset + 1 };
    const frame = frameAt(here.epoch, here.offset + 1);
    if (subscription.feed === null) this.sendBuffer.send(frame.bytes);
    else subscription.feed.push(frame);
  }

  /** Simulates lost continuity: the instance sends `resync` and continues from the current position of the channel. */
  reset(): void {
    const { source, subscription } = this;
    const { there } = source;
    if (subscription.feed === null) {
      this.sendBuffer.send(
        JSON.stringify({ type: 'resync', channel: 'c', lastEventId: `${there.epoch}-${there.offset}`, reason: 'x' }),
      );
    } else subscription.feed.reset();
    source.position = there;
  }

  get live(): boolean {
    return this.subscription.feed === null;
  }

  /** Frames that the client received: the id of each event, and `resync …` for each resync. */
  get seen(): string[] {
    return this.transport.sent.map((text) => {
      const frame = JSON.parse(text) as { type: string; id?: string; lastEventId?: string; reason?: string };
      return frame.type === 'event' ? frame.id! : `${frame.type} ${frame.reason} ${frame.lastEventId}`;
    });
  }
}

const upTo = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, index) => `a-${first + index}`);

describe('CatchUp', () => {
  let harness: Harness;
  beforeEach(() => {
    harness = new Harness();
  });

  /** Publishes this many events and delivers them to the instance before the client subscribes. */
  const past = (count: number): void => {
    harness.source.top = count;
    harness.source.position = { epoch: 'a', offset: count };
  };

  it('goes live at once if no events were missed', async () => {
    past(3);
    harness.begin({ epoch: 'a', offset: 3 }).start();
    await turn();
    expect(harness.live).toBe(true);
    harness.publish();
    harness.takeIn();
    expect(harness.seen).toEqual(['a-4']);
  });

  it('sends nothing before it is started, then all events in order', async () => {
    past(3);
    const catchUp = harness.begin({ epoch: 'a', offset: 0 });
    expect(await catchUp.recover()).toMatchObject({ ok: true });
    harness.publish();
    harness.takeIn();
    expect(harness.seen).toEqual([]);
    catchUp.start();
    await turn();
    expect(harness.seen).toEqual(upTo(1, 4));
    expect(harness.delivered).toBe(4);
    expect(harness.live).toBe(true);
  });

  it('accepts events without an offset, published by an instance without history or by another program', async () => {
    const plain = new EventFrame(null, eventBody('c', '"plain"', 't'));
    past(2);
    harness.source.manual = true;
    const catchUp = harness.begin({ epoch: 'a', offset: 0 });
    const recovered = catchUp.recover();
    catchUp.push(plain);
    harness.source.asked.shift()!();
    await recovered;
    catchUp.push(plain);
    harness.publish();
    harness.takeIn();
    catchUp.push(plain);
    catchUp.start();
    await turn();
    expect(harness.seen).toEqual(['a-1', 'a-2', undefined, undefined, 'a-3', undefined]);
    expect(catchUp.position).toEqual({ epoch: 'a', offset: 3 });
    expect(harness.live).toBe(true);
  });

  it('drops events that are both in the history and in the live stream', async () => {
    past(3);
    harness.source.manual = true;
    const catchUp = harness.begin({ epoch: 'a', offset: 0 });
    harness.publish(); // 4 is already in the history when the read starts …
    const recovered = catchUp.recover();
    harness.takeIn(); // … and also arrives before the read completes
    harness.publish();
    harness.takeIn();
    harness.source.asked.shift()!();
    await recovered;
    catchUp.start();
    await turn();
    expect(harness.seen).toEqual(upTo(1, 5));
  });

  it('stays behind while the instance lags behind the history, so that no event is sent twice', async () => {
    past(2);
    harness.publish();
    harness.publish();
    const catchUp = harness.begin({ epoch: 'a', offset: 1 });
    await catchUp.recover();
    catchUp.start();
    await turn();
    expect(harness.seen).toEqual(upTo(2, 4));
    expect(harness.live).toBe(false);
    for (let count = 0; count < 2; count += 1) harness.takeIn();
    await turn();
    expect(harness.live).toBe(true);
    harness.publish();
    harness.takeIn();
    expect(harness.seen).toEqual(upTo(2, 5));
  });

  it.each(['expired', 'unknown_epoch', 'rewound'] as const)(
    'continues from the current position of the channel after %s',
    async (reason) => {
      past(5);
      harness.source.trimmed = 4;
      const from = { expired: ['a', 2], unknown_epoch: ['z', 2], rewound: ['a', 9] } as const;
      const [epoch, offset] = from[reason];
      const catchUp = harness.begin({ epoch, offset });
      expect(await catchUp.recover()).toEqual({ ok: false, reason, top: { epoch: 'a', offset: 5 } });
      catchUp.start();
      harness.publish();
      harness.takeIn();
      await turn();
      expect(harness.seen).toEqual(['a-6']);
      expect(harness.live).toBe(true);
    },
  );

  it('is paced by the client, holds a bounded number of events, and rereads the ones it dropped', async () => {
    past(5);
    harness.transport.reads = false;
    harness.transport.bufferedBytes = 10_000; // the send buffer is full from the start
    const catchUp = harness.begin({ epoch: 'a', offset: 0 });
    await catchUp.recover();
    catchUp.start();
    for (let count = 0; count < 40; count += 1) {
      harness.publish();
      harness.takeIn();
    }
    await turn();
    expect(harness.seen).toEqual([]);
    harness.transport.reads = true;
    harness.sendBuffer.send('{"type":"pong"}'); // its callback reports that the send buffer has space again
    harness.transport.drain();
    harness.sendBuffer.send('{"type":"pong"}');
    await turn();
    expect(harness.seen.filter((line) => line.startsWith('a-'))).toEqual(upTo(1, 45));
    expect(harness.source.reads).toBe(2);
    expect(harness.live).toBe(true);
  });

  it('sends resync if dropped events can no longer be read', async () => {
    past(1);
    harness.source.manual = true;
    const catchUp = harness.begin({ epoch: 'a', offset: 0 });
    const recovered = catchUp.recover();
    for (let count = 0; count < 30; count += 1) {
      harness.publish();
      harness.takeIn();
    }
    harness.source.asked.shift()!();
    await recovered;
    harness.source.manual = false;
    harness.source.trimmed = 20;
    catchUp.start();
    await turn();
    const [first, ...rest] = harness.seen;
    expect(first).toBe('a-1');
    expect(rest.at(-1)).toBe('resync expired a-31');
    harness.publish();
    harness.takeIn();
    expect(harness.seen.at(-1)).toBe('a-32');
  });

  it('rereads after a reset, and reports what is lost', async () => {
    past(2);
    const catchUp = harness.begin({ epoch: 'a', offset: 0 });
    await catchUp.recover();
    [harness.source.epoch, harness.source.top] = ['b', 1];
    harness.reset();
    catchUp.start();
    await turn();
    expect(harness.seen).toEqual(['a-1', 'a-2', 'resync unknown_epoch b-1']);
    expect(harness.live).toBe(true);
  });

  it('reads again if the broker does not answer', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    try {
      past(1);
      const catchUp = harness.begin({ epoch: 'a', offset: 1 });
      catchUp.reset();
      harness.source.failures = 2;
      catchUp.start();
      harness.publish();
      for (let count = 0; count < 3; count += 1) {
        await turn();
        await jest.runAllTimersAsync();
      }
      expect(harness.seen).toEqual(['a-2']);
    } finally {
      jest.useRealTimers();
    }
  });

  it('waits before it reads again: a read that fails at once must not keep the instance busy', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    try {
      past(1);
      const catchUp = harness.begin({ epoch: 'a', offset: 0 });
      harness.source.failures = 3;
      catchUp.reset();
      catchUp.start();
      for (let count = 0; count < 5; count += 1) await turn();
      expect(harness.source.reads).toBe(1);
      await jest.advanceTimersByTimeAsync(499);
      expect(harness.source.reads).toBe(1);
      await jest.advanceTimersByTimeAsync(1);
      expect(harness.source.reads).toBe(2);
    } finally {
      jest.useRealTimers();
    }
  });

  it('sends events that a flush delivers while it goes live', async () => {
    past(1);
    let flushed = false;
    harness.source.flush = () => {
      if (flushed) return;
      flushed = true;
      harness.publish();
      harness.takeIn();
    };
    harness.begin({ epoch: 'a', offset: 1 }).start();
    await turn();
    expect(harness.seen).toEqual(['a-2']);
    expect(harness.live).toBe(true);
    expect(harness.source.reads).toBe(0);
  });

  it('sends events that a flush delivers while it goes live without history, where they cannot be reread', async () => {
    harness.source.position = null;
    let flushed = false;
    harness.source.flush = () => {
      if (!flushed) harness.subscription.feed?.push(new EventFrame(null, eventBody('c', '1', 't')));
      flushed = true;
    };
    harness.begin(null).start();
    await turn();
    expect(harness.transport.sent).toHaveLength(1);
    expect(harness.live).toBe(true);
  });

  it('holds at most the bytes of one replay for a client that does not read', async () => {
    past(1);
    harness.transport.reads = false;
    harness.transport.bufferedBytes = 10_000;
    const limits = { maxEvents: 1_000, maxBytes: 500 };
    const catchUp = harness.begin({ epoch: 'a', offset: 0 }, limits);
    await catchUp.recover();
    catchUp.start();
    for (let count = 0; count < 40; count += 1) {
      harness.publish();
      harness.takeIn();
    }
    harness.transport.reads = true;
    harness.sendBuffer.send('{"type":"pong"}');
    harness.transport.drain();
    harness.sendBuffer.send('{"type":"pong"}');
    await turn();
    expect(harness.seen.filter((line) => line.startsWith('a-'))).toEqual(upTo(1, 41));
    expect(harness.source.reads).toBe(2); // the rest was dropped and read again
  });

  it.each([
    ['ends', CLOSED_FEED],
    ['is paused', new PausedFeed(null)],
  ] as const)('holds nothing once its subscription %s, even if the client does not read', async (_how, feed) => {
    past(5);
    harness.transport.reads = false;
    harness.transport.bufferedBytes = 10_000;
    const catchUp = harness.begin({ epoch: 'a', offset: 0 });
    await catchUp.recover();
    catchUp.start();
    await turn();
    const buffered = harness.sendBuffer.bufferedBytes;
    expect(buffered).toBeGreaterThan(10_000 + 5 * 'event'.length);
    harness.subscription.feed = feed;
    expect(catchUp.heldBytes).toBe(0);
    expect(harness.sendBuffer.bufferedBytes).toBe(10_000);
    await turn();
    harness.transport.reads = true;
    harness.transport.drain();
    harness.sendBuffer.send('{"type":"pong"}');
    await turn();
    expect(harness.seen).toEqual(['pong undefined undefined']);
  });

  it('begins with the last events, and forgets those that arrived before they were read', async () => {
    past(5);
    const catchUp = harness.begin(harness.source.position);
    harness.publish();
    harness.takeIn();
    expect(catchUp.heldBytes).toBeGreaterThan(0);
    const last = await catchUp.rewind(2);
    expect([last.from.offset, catchUp.position]).toEqual([4, { epoch: 'a', offset: 4 }]);
    catchUp.start();
    await turn();
    expect([harness.seen, harness.live, catchUp.heldBytes]).toEqual([upTo(5, 6), true, 0]);
  });

  it('includes events in a rewind that their sender does not receive later', async () => {
    past(1);
    const { connection } = harness.subscription;
    Object.assign(connection, { isExcludedBy: () => true });
    const own = (epoch: string, offset: number): EventFrame =>
      new EventFrame({ epoch, offset }, eventBody('c', '1', 't'), undefined, null, new Set(), { except: 'x' });
    harness.source.readLast = async () => ({
      frames: [own('a', 1)],
      from: { epoch: 'a', offset: 0 },
      top: { epoch: 'a', offset: 1 },
    });
    const catchUp = harness.begin(harness.source.position);
    await catchUp.rewind(1);
    catchUp.push(own('a', 2));
    catchUp.push(new EventFrame(null, eventBody('c', '3', 't'), undefined, null, new Set(), { except: 'x' }));
    harness.source.top = 2;
    harness.source.position = { epoch: 'a', offset: 2 };
    catchUp.start();
    await turn();
    expect([harness.seen, harness.delivered, harness.live]).toEqual([['a-1'], 1, true]);
  });

  it('counts the bytes of the events that it holds', async () => {
    past(0);
    const catchUp = harness.begin(null);
    const frame = frameAt('a', 1);
    catchUp.push(frame);
    const one = catchUp.heldBytes;
    catchUp.push(frame);
    expect([one > frame.wire.length, catchUp.heldBytes]).toEqual([true, 2 * one]);
    harness.subscription.feed = CLOSED_FEED;
    expect(catchUp.heldBytes).toBe(0);
  });

  it('sends the state of the channel instead of a notice, and of an event without a change', async () => {
    let states = 0;
    const withState = (at: Position): CatchUp => {
      const sendState = (): void => {
        states += 1;
        harness.subscription.feed = CLOSED_FEED;
      };
      const limits = LIMITS;
      const catchUp = new CatchUp(harness.subscription, harness.source, limits, at, () => undefined, sendState);
      harness.subscription.feed = catchUp;
      return catchUp;
    };
    past(3);
    harness.source.trimmed = 2;
    const expired = withState({ epoch: 'a', offset: 0 });
    expired.reset();
    expired.start();
    await turn();
    expect([states, harness.seen]).toEqual([1, []]);
    const behind = withState({ epoch: 'a', offset: 3 });
    behind.push(frameAt('a', 4));
    behind.push(Object.assign(frameAt('a', 5), { isReload: true }));
    behind.start();
    await turn();
    expect([states, harness.seen]).toEqual([2, ['a-4']]);
    const missed = withState({ epoch: 'a', offset: 2 });
    harness.source.top = 3;
    missed.reset();
    missed.start();
    await turn();
    expect([states, harness.seen]).toEqual([2, ['a-4', 'a-3']]);
  });

  it('rejects if the first read gets no answer, so that the client is notified', async () => {
    harness.source.failures = 1;
    await expect(harness.begin({ epoch: 'a', offset: 0 }).recover()).rejects.toThrow('no answer');
  });

  it('sends nothing more if the connection closes while it waits for space', async () => {
    past(5);
    harness.transport.reads = false;
    harness.transport.bufferedBytes = 10_000;
    const catchUp = harness.begin({ epoch: 'a', offset: 0 });
    await catchUp.recover();
    catchUp.start();
    await turn();
    harness.sendBuffer.close(1000, '');
    await turn();
    expect(harness.seen).toEqual([]);
    expect(harness.live).toBe(false);
  });

  it('sends nothing more after the subscription ended', async () => {
    past(5);
    harness.source.manual = true;
    const catchUp = harness.begin({ epoch: 'a', offset: 0 });
    const recovered = catchUp.recover();
    harness.subscription.feed = { push: () => undefined, reset: () => undefined, position: null };
    harness.source.asked.shift()!();
    await recovered;
    catchUp.start();
    await turn();
    expect(harness.seen).toEqual([]);
  });

  it('forwards all events without history', async () => {
    harness.source.position = null;
    const catchUp = harness.begin(null);
    catchUp.push(new EventFrame(null, eventBody('c', '1', 't')));
    catchUp.start();
    await turn();
    expect(harness.transport.sent).toHaveLength(1);
    expect(harness.live).toBe(true);
  });

  it('in any order of steps: sends events once and without a gap or reports a loss, and goes live in the end', async () => {
    const step = fc.constantFrom(
      ...(['publish', 'publish', 'publish', 'takeIn', 'takeIn', 'takeIn'] as const),
      ...(['stall', 'flow', 'answer', 'answer', 'trim', 'new epoch', 'turn', 'start'] as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(12), fc.nat(12), fc.array(step, { maxLength: 80 }), async (top, from, steps) => {
        harness = new Harness();
        const { source, transport } = harness;
        past(top);
        source.manual = true;
        const begin = { epoch: 'a', offset: from };
        const catchUp = harness.begin(begin, { maxEvents: 4, maxBytes: 400 });
        let replay: ReplayResult | undefined;
        const recovered = catchUp.recover().then((missed) => (replay = missed));
        let started = false;
        const start = (): void => {
          if (replay !== undefined && !started) catchUp.start();
          started ||= replay !== undefined;
        };
        for (const [index, what] of steps.entries()) {
          if (what === 'publish') harness.publish();
          else if (what === 'takeIn') harness.takeIn();
          else if (what === 'stall') {
            transport.reads = false;
            transport.bufferedBytes = 10_000;
          } else if (what === 'flow') {
            transport.reads = true;
            transport.drain();
            harness.sendBuffer.send('{"type":"pong"}');
          } else if (what === 'answer') source.asked.shift()?.();
          else if (what === 'trim') source.trimmed = source.top;
          else if (what === 'new epoch') {
            [source.epoch, source.top, source.trimmed] = [`e${index}`, 0, 0];
            harness.reset();
          } else if (what === 'start') start();
          else await turn();
        }
        source.manual = false;
        for (const answer of source.asked.splice(0)) answer();
        await recovered;
        start();
        transport.reads = true;
        transport.drain();
        harness.sendBuffer.send('{"type":"pong"}');
        harness.publish();
        while (source.position!.offset < source.top) harness.takeIn();
        for (let count = 0; count < 5; count += 1) await turn();

        expect(harness.live).toBe(true);
        let at = replay!.ok ? begin : replay!.top;
        for (const line of harness.seen) {
          if (line.startsWith('pong')) continue;
          const [epoch, offset] = line.split(' ').at(-1)!.split('-') as [string, string];
          if (!line.startsWith('resync')) expect(line).toBe(`${at.epoch}-${at.offset + 1}`);
          at = { epoch, offset: Number(offset) };
        }
        expect(at).toEqual(source.there);
      }),
      { numRuns: 500 },
    );
  });
});
