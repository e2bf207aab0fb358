import { jest } from '@jest/globals';
import fc from 'fast-check';
import type { Position, RecoveryReason } from '../../protocol/index.js';
import type { BrokerEvent, ReadLimits, ReadResult } from '../broker/broker.js';
import type { EventFrame } from '../connections/event-frame.js';
import { ChannelStream, type StreamOutput } from './channel-stream.js';

const LIMITS: ReadLimits = { maxEvents: 5_000, maxBytes: 10_000_000 };

/** Lets all pending promise callbacks run. */
const turn = (): Promise<void> => new Promise(setImmediate);

const eventAt = (epoch: string, offset: number): BrokerEvent => ({
  position: { epoch, offset },
  body: `"channel":"c","data":${offset},"timestamp":"t"}`,
});

/** A history whose reads complete when the test says so. */
class History {
  epoch = 'a';
  top = 0;
  /** Offsets up to this one were trimmed. */
  trimmed = 0;
  /** Epoch of the initial position, before the first event. */
  initial = 'none';
  /** Reads that have not completed yet. */
  readonly asked: (() => void)[] = [];
  manual = false;
  reads = 0;
  failures = 0;

  publish(): BrokerEvent {
    this.top += 1;
    return eventAt(this.epoch, this.top);
  }

  get position(): Position {
    return { epoch: this.epoch, offset: this.top };
  }

  /** Computes the result when the read is called, like Redis, even if it completes later. */
  async read(_channel: string, after: Position, { maxEvents }: ReadLimits): Promise<ReadResult> {
    this.reads += 1;
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('no answer');
    }
    const result = this.answer(after, maxEvents);
    if (this.manual) await new Promise<void>((resolve) => this.asked.push(resolve));
    return result;
  }

  private answer(given: Position, maxEvents: number): ReadResult {
    const after = given.epoch === this.initial && given.offset === 0 ? { epoch: this.epoch, offset: 0 } : given;
    const top = this.position;
    if (after.epoch !== this.epoch) return { ok: false, reason: 'unknown_epoch', top };
    if (after.offset > this.top) return { ok: false, reason: 'rewound', top };
    if (after.offset < this.trimmed) return { ok: false, reason: 'expired', top };
    if (this.top - after.offset > maxEvents) return { ok: false, reason: 'too_many', top };
    const events = [];
    for (let offset = after.offset + 1; offset <= this.top; offset += 1) events.push(eventAt(this.epoch, offset));
    return { ok: true, events, top };
  }
}

/** Records the output: `a-1` for a frame, `reset expired a-5` for a reset. */
class Recorder implements StreamOutput {
  readonly out: string[] = [];
  deliver(_channel: string, { position }: EventFrame): void {
    this.out.push(position === null ? 'unnumbered' : `${position.epoch}-${position.offset}`);
  }
  reset(_channel: string, reason: RecoveryReason, { epoch, offset }: Position): void {
    this.out.push(`reset ${reason} ${epoch}-${offset}`);
  }
}

const upTo = (first: number, last: number, epoch = 'a'): string[] =>
  Array.from({ length: last - first + 1 }, (_, index) => `${epoch}-${first + index}`);

describe('ChannelStream', () => {
  let history: History;
  let recorder: Recorder;
  let stream: ChannelStream;

  const open = (position: Position | null = history.position): void => stream.opened(position);

  beforeEach(() => {
    history = new History();
    recorder = new Recorder();
    stream = new ChannelStream('c', history, LIMITS, recorder);
  });

  it('forwards each new event once', () => {
    open();
    const [one, two] = [history.publish(), history.publish()];
    for (const event of [one, one, two, one, two]) stream.receive(event);
    expect(recorder.out).toEqual(upTo(1, 2));
    expect(history.reads).toBe(0);
    expect(stream.position).toEqual({ epoch: 'a', offset: 2 });
  });

  it('orders events that arrived before it was opened', () => {
    history.publish();
    for (const event of [eventAt('a', 1), eventAt('a', 2)]) stream.receive(event);
    history.publish();
    open({ epoch: 'a', offset: 1 });
    expect(recorder.out).toEqual(['a-2']);
  });

  it('fills a gap from the history before it forwards later events', async () => {
    open();
    for (let count = 0; count < 5; count += 1) history.publish();
    stream.receive(eventAt('a', 1));
    stream.receive(eventAt('a', 4));
    stream.receive(eventAt('a', 5));
    expect(recorder.out).toEqual(['a-1']);
    await turn();
    expect(recorder.out).toEqual(upTo(1, 5));
    expect(history.reads).toBe(1);
  });

  describe('the first burst of a channel', () => {
    const burst = (count: number): BrokerEvent[] => Array.from({ length: count }, () => history.publish());
    beforeEach(() => {
      history.initial = 'initial';
      open({ epoch: 'initial', offset: 0 });
    });

    it.each([1, 5])(
      'is forwarded although it is larger than the history, if %i of its events are trimmed',
      async (trimmed) => {
        const events = burst(5);
        history.trimmed = trimmed;
        for (const event of events) stream.receive(event);
        await turn();
        stream.receive(history.publish());
        expect(recorder.out).toEqual(upTo(1, 6));
        expect(history.reads).toBe(1);
      },
    );

    it('is forwarded if it arrived before the stream was opened', async () => {
      stream = new ChannelStream('c', history, LIMITS, recorder);
      const events = burst(5);
      history.trimmed = 3;
      for (const event of events) stream.receive(event);
      open({ epoch: 'initial', offset: 0 });
      await turn();
      expect(recorder.out).toEqual(upTo(1, 5));
    });

    it('is forwarded if the history does not answer at first', async () => {
      jest.useFakeTimers({ doNotFake: ['setImmediate'] });
      try {
        history.failures = 1;
        const events = burst(5);
        history.trimmed = 3;
        for (const event of events) stream.receive(event);
        await turn();
        await jest.runAllTimersAsync();
        expect(recorder.out).toEqual(upTo(1, 5));
      } finally {
        jest.useRealTimers();
      }
    });

    it('is forwarded once if the history has it, with the events that arrive during the read', async () => {
      history.manual = true;
      for (const event of burst(3)) stream.receive(event);
      await turn();
      stream.receive(history.publish());
      history.asked.shift()!();
      await turn();
      expect(recorder.out).toEqual(upTo(1, 4));
      expect(history.reads).toBe(1);
    });

    it('is a loss if another epoch was between', async () => {
      history.initial = 'other';
      for (const event of burst(3)) stream.receive(event);
      await turn();
      expect(recorder.out).toEqual(['reset unknown_epoch a-3']);
      stream.receive(history.publish());
      expect(recorder.out.at(-1)).toBe('a-4');
    });

    it('is a loss if more events arrive during the read than are held', async () => {
      history.manual = true;
      const events = burst(1_002);
      history.trimmed = 900;
      for (const event of events) stream.receive(event);
      history.manual = false;
      history.asked.shift()!();
      await turn();
      expect(recorder.out).toEqual(['reset expired a-1002']);
      stream.receive(history.publish());
      expect(recorder.out.at(-1)).toBe('a-1003');
    });
  });

  it('holds events that arrive during a read, and forwards them after it', async () => {
    open();
    history.manual = true;
    history.publish();
    stream.receive(history.publish());
    await turn();
    stream.receive(history.publish());
    stream.receive(history.publish());
    expect(recorder.out).toEqual([]);
    history.asked.shift()!();
    await turn();
    expect(recorder.out).toEqual(upTo(1, 4));
  });

  it('reads again if another gap remains', async () => {
    open();
    history.manual = true;
    history.publish();
    stream.receive(history.publish()); // 2, without 1
    await turn();
    history.publish();
    stream.receive(history.publish()); // 4, without 3
    history.asked.shift()!();
    await turn();
    expect(recorder.out).toEqual(upTo(1, 2));
    history.asked.shift()!();
    await turn();
    expect(recorder.out).toEqual(upTo(1, 4));
  });

  it('reports lost continuity if the gap is no longer in the history', async () => {
    open();
    for (let count = 0; count < 5; count += 1) history.publish();
    history.trimmed = 3;
    stream.receive(eventAt('a', 5));
    await turn();
    expect(recorder.out).toEqual(['reset expired a-5']);
    stream.receive(history.publish());
    expect(recorder.out).toEqual(['reset expired a-5', 'a-6']);
  });

  it('reports lost continuity if the channel has a new epoch', async () => {
    open({ epoch: 'old', offset: 7 });
    stream.receive(history.publish());
    await turn();
    stream.receive(history.publish());
    expect(recorder.out).toEqual(['reset unknown_epoch a-1', 'a-2']);
  });

  it('continues after a late event of an old epoch', async () => {
    open({ epoch: 'old', offset: 5 });
    stream.receive(eventAt('old', 7)); // 6 was lost, together with the whole epoch
    await turn();
    await turn();
    expect(recorder.out).toEqual(['reset unknown_epoch a-0']);
    const reads = history.reads;
    await turn();
    await turn();
    expect(history.reads).toBe(reads); // it does not loop
    stream.receive(history.publish());
    expect(recorder.out).toEqual(['reset unknown_epoch a-0', 'a-1']);
  });

  it('continues after two new epochs in a row', async () => {
    open();
    history.manual = true;
    history.epoch = 'b';
    stream.receive(history.publish());
    await turn();
    [history.epoch, history.top] = ['c', 0];
    stream.receive(history.publish());
    history.asked.shift()!();
    await turn();
    history.asked.shift()!();
    await turn();
    expect(recorder.out).toEqual(['reset unknown_epoch b-1', 'reset unknown_epoch c-1']);
    stream.receive(history.publish());
    expect(recorder.out.at(-1)).toBe('c-2');
  });

  it('drops held events beyond the limit, and reads them again', async () => {
    open();
    history.manual = true;
    history.publish();
    for (let count = 0; count < 1_500; count += 1) stream.receive(history.publish());
    await turn();
    expect(recorder.out).toEqual([]);
    history.asked.shift()!();
    await turn();
    history.manual = false;
    history.asked.shift()!();
    await turn();
    expect(recorder.out).toEqual(upTo(1, 1_501));
  });

  it('reads again if the history does not answer', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    try {
      open();
      history.failures = 2;
      history.publish();
      stream.receive(history.publish());
      for (let count = 0; count < 3; count += 1) {
        await turn();
        await jest.runAllTimersAsync();
      }
      expect(recorder.out).toEqual(upTo(1, 2));
    } finally {
      jest.useRealTimers();
    }
  });

  it('waits before it reads again: a read that fails at once must not keep the instance busy', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    try {
      open();
      history.failures = 3;
      history.publish();
      stream.receive(history.publish());
      for (let count = 0; count < 5; count += 1) await turn();
      expect(history.reads).toBe(1);
      await jest.advanceTimersByTimeAsync(500);
      expect(history.reads).toBe(2);
    } finally {
      jest.useRealTimers();
    }
  });

  it('does not read again after it was closed while the history did not answer', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    try {
      open();
      history.failures = 1;
      history.publish();
      stream.receive(history.publish());
      await turn();
      stream.close();
      await jest.advanceTimersByTimeAsync(5_000);
      expect(history.reads).toBe(1);
      expect(recorder.out).toEqual([]);
    } finally {
      jest.useRealTimers();
    }
  });

  it('forwards nothing after it was closed, not even held events', async () => {
    open();
    history.manual = true;
    history.publish();
    stream.receive(history.publish());
    await turn();
    stream.close();
    history.asked.shift()!();
    stream.receive(history.publish());
    await turn();
    expect(recorder.out).toEqual([]);
  });

  it('forwards all events without history', () => {
    stream.opened(null);
    const unnumbered = { position: null, body: '"channel":"c","data":1,"timestamp":"t"}' };
    stream.receive(unnumbered);
    stream.receive(unnumbered);
    expect(recorder.out).toEqual(['unnumbered', 'unnumbered']);
  });

  describe('a position report', () => {
    it('triggers a read of the missed events', async () => {
      open();
      for (let count = 0; count < 3; count += 1) history.publish();
      stream.check(history.position);
      await turn();
      expect(recorder.out).toEqual(upTo(1, 3));
    });

    it('triggers no read if no event was missed', () => {
      open();
      stream.receive(history.publish());
      stream.check(history.position);
      expect(history.reads).toBe(0);
    });

    it('is remembered if it arrives during a read', async () => {
      open();
      history.manual = true;
      history.publish();
      stream.receive(history.publish()); // 2, without 1
      await turn();
      history.publish(); // 3 never arrives
      stream.check(history.position);
      history.asked.shift()!();
      await turn();
      history.asked.shift()?.();
      await turn();
      expect(recorder.out).toEqual(upTo(1, 3));
    });

    it('is remembered if it arrives before the stream is opened', async () => {
      history.publish();
      stream.check(history.position);
      open({ epoch: 'a', offset: 0 });
      await turn();
      expect(recorder.out).toEqual(['a-1']);
    });
  });

  describe('recentAfter', () => {
    beforeEach(() => {
      open();
      for (let count = 0; count < 100; count += 1) stream.receive(history.publish());
    });
    const after = (offset: number, epoch = 'a') =>
      stream.recentAfter({ epoch, offset })?.map(({ position }) => position!.offset);

    it('returns the last frames', () => {
      expect(after(100)).toEqual([]);
      expect(after(98)).toEqual([99, 100]);
      expect(after(36)).toHaveLength(64);
    });

    it('returns nothing for positions that are older, unknown, or of another epoch', () => {
      expect(after(35)).toBeUndefined();
      expect(after(101)).toBeUndefined();
      expect(after(98, 'b')).toBeUndefined();
    });

    it('keeps at most 256 KB', () => {
      const body = `"channel":"c","data":"${'x'.repeat(100_000)}","timestamp":"t"}`;
      for (let count = 0; count < 5; count += 1) stream.receive({ ...history.publish(), body });
      expect(after(103)).toEqual([104, 105]);
      expect(after(102)).toBeUndefined();
    });

    it('respects the limits of a read', () => {
      const small = new ChannelStream('c', history, { maxEvents: 2, maxBytes: 150 }, recorder);
      small.opened(history.position);
      for (let count = 0; count < 5; count += 1) small.receive(history.publish());
      expect(small.recentAfter({ epoch: 'a', offset: 102 })).toBeNull();
      expect(small.recentAfter({ epoch: 'a', offset: 103 })).toHaveLength(2);
      const tiny = new ChannelStream('c', history, { maxEvents: 9, maxBytes: 100 }, recorder);
      tiny.opened(history.position);
      for (let count = 0; count < 5; count += 1) tiny.receive(history.publish());
      expect(tiny.recentAfter({ epoch: 'a', offset: 108 })).toBeNull();
    });
  });

  it('with lost, duplicated, late or trimmed events and new epochs: forwards events once and without a gap, or reports a loss', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.constant('publish' as const) },
      { weight: 3, arbitrary: fc.constant('lose' as const) },
      { weight: 2, arbitrary: fc.constant('double' as const) },
      { weight: 1, arbitrary: fc.constant('late' as const) },
      { weight: 1, arbitrary: fc.constant('trim' as const) },
      { weight: 1, arbitrary: fc.constant('new epoch' as const) },
      { weight: 2, arbitrary: fc.constant('answer' as const) },
      { weight: 1, arbitrary: fc.constant('check' as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat(20), async (steps, openAt) => {
        history = new History();
        recorder = new Recorder();
        stream = new ChannelStream('c', history, { maxEvents: 8, maxBytes: 1e6 }, recorder, null, 0);
        history.manual = true;
        const past: BrokerEvent[] = [];
        let begin = history.position;
        for (const [index, what] of steps.entries()) {
          if (index === openAt) {
            begin = history.position;
            open();
          }
          if (what === 'publish' || what === 'lose') {
            const event = history.publish();
            past.push(event);
            if (what === 'publish') stream.receive(event);
          } else if (what === 'double' && past.length > 0) stream.receive(past.at(-1)!);
          else if (what === 'late' && past.length > 0) stream.receive(past.at(index % past.length)!);
          else if (what === 'trim') history.trimmed = history.top;
          else if (what === 'new epoch') [history.epoch, history.top, history.trimmed] = [`e${index}`, 0, 0];
          else if (what === 'check') stream.check(history.position);
          else {
            history.asked.shift()?.();
            await turn();
          }
        }
        if (openAt >= steps.length) {
          begin = history.position;
          open();
        }
        history.manual = false;
        for (const answer of history.asked.splice(0)) answer();
        await turn();
        stream.check(history.position);
        for (let count = 0; count < 5; count += 1) await turn();

        expect(stream.position).toEqual(history.position);
        let at = begin;
        for (const line of recorder.out) {
          const [epoch, offset] = line.split(' ').at(-1)!.split('-') as [string, string];
          if (!line.startsWith('reset')) expect(line).toBe(`${at.epoch}-${at.offset + 1}`);
          at = { epoch, offset: Number(offset) };
        }
        expect(at).toEqual(history.position);
      }),
      { numRuns: 400 },
    );
  });
});
