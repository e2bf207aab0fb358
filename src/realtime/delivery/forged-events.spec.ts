import { jest } from '@jest/globals';
import fc from 'fast-check';
import type { Position, RecoveryReason } from '../../protocol/index.js';
import type { BrokerEvent, ReadLimits, ReadResult } from '../broker/broker.js';
import type { EventFrame } from '../connections/event-frame.js';
import { ChannelStream, type StreamOutput } from './channel-stream.js';

const LIMITS: ReadLimits = { maxEvents: 500, maxBytes: 1_000_000 };

/** Lets all pending promise callbacks run. */
const turn = (): Promise<void> => new Promise(setImmediate);

let marks = 0;

function eventAt(epoch: string, offset: number, data: string): BrokerEvent {
  marks += 1;
  return { position: { epoch, offset }, mark: marks, body: `"channel":"c","data":"${data}","timestamp":"t"}` };
}

/** The log of a channel, which only instances can write to. It replies like Redis. */
class Log {
  epoch = 'a';
  readonly events: BrokerEvent[] = [];
  /** Offsets up to this one have expired. */
  expired = 0;
  reads = 0;
  /** Reads that have not completed yet, while `isSlow`. */
  readonly asked: (() => void)[] = [];
  isSlow = false;

  append(): BrokerEvent {
    const event = eventAt(this.epoch, this.events.length + 1, 'true');
    this.events.push(event);
    return event;
  }

  get top(): Position {
    return { epoch: this.epoch, offset: this.events.length };
  }

  get lastMark(): number | undefined {
    return this.expired < this.events.length ? this.events.at(-1)?.mark : undefined;
  }

  async read(_channel: string, after: Position, { maxEvents }: ReadLimits, withAt = false): Promise<ReadResult> {
    this.reads += 1;
    const result = this.answer(after, maxEvents, withAt);
    if (this.isSlow) await new Promise<void>((resolve) => this.asked.push(resolve));
    return result;
  }

  private answer({ epoch, offset }: Position, maxEvents: number, withAt: boolean): ReadResult {
    const { top, events } = this;
    if (epoch !== top.epoch) return { ok: false, reason: 'unknown_epoch', top };
    if (offset > top.offset) return { ok: false, reason: 'rewound', top };
    if (offset < this.expired) return { ok: false, reason: 'expired', top };
    if (top.offset - offset > maxEvents) return { ok: false, reason: 'too_many', top };
    const at = withAt && offset > this.expired ? events[offset - 1] : undefined;
    return { ok: true, top, events: events.slice(offset), ...(at === undefined ? {} : { at }) };
  }
}

/** Records the frames since the last reset, and all resets. */
class Recorder implements StreamOutput {
  out: EventFrame[] = [];
  readonly resets: RecoveryReason[] = [];
  readonly forgeries: boolean[] = [];
  gaps = 0;

  deliver(_topic: string, frame: EventFrame): void {
    this.out.push(frame);
  }
  reset(_topic: string, reason: RecoveryReason): void {
    this.resets.push(reason);
    this.out = [];
  }
  onGap(): void {
    this.gaps += 1;
  }
  onForged(_topic: string, delivered: boolean): void {
    this.forgeries.push(delivered);
  }

  /** Returns offset and data of each event, such as `1 true`. */
  get lines(): string[] {
    return this.out.map(({ position, bytes }) => `${position?.offset} ${/"data":"(\w+)"/.exec(bytes.toString())?.[1]}`);
  }
}

const trueOnes = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, index) => `${first + index} true`);

describe('forged events', () => {
  let log: Log;
  let recorder: Recorder;
  let stream: ChannelStream;

  const begin = (calmMs = 0): void => {
    log = new Log();
    recorder = new Recorder();
    stream = new ChannelStream('c', log, LIMITS, recorder, null, calmMs);
    stream.opened(log.top);
  };
  const forge = (offset: number, epoch = 'a'): void => stream.receive(eventAt(epoch, offset, 'forged'));
  const emit = (count = 1): void => {
    for (let index = 0; index < count; index += 1) stream.receive(log.append());
  };
  const audit = (): void => stream.check(log.top, log.lastMark);

  beforeEach(() => begin());

  it('at the next offset is reported when the true event arrives', async () => {
    emit(2);
    forge(3);
    emit(2);
    await turn();
    expect(recorder.resets).toEqual(['rewound']);
    expect(recorder.forgeries).toEqual([true]);
    expect(stream.position).toEqual(log.top);
    emit();
    for (const event of log.events) stream.receive(event);
    expect(recorder.lines).toEqual(trueOnes(4, 5));
    expect(log.reads).toBe(1);
  });

  it('after the true event is skipped', async () => {
    emit(3);
    forge(3);
    forge(2);
    await turn();
    emit(2);
    await turn();
    expect(recorder.lines).toEqual(trueOnes(1, 5));
    expect(recorder.resets).toEqual([]);
    expect(recorder.forgeries).toEqual([false, false]);
    expect(recorder.gaps).toBe(0);
  });

  it('with the mark of a true event counts as its copy, and is skipped without a read', () => {
    emit(3);
    for (const event of log.events)
      stream.receive({ ...event, body: '"channel":"c","data":"forged","timestamp":"t"}' });
    expect(recorder.lines).toEqual(trueOnes(1, 3));
    expect(log.reads).toBe(0);
  });

  it('far ahead does not block true events', async () => {
    emit(2);
    forge(50);
    await turn();
    emit(60);
    await turn();
    expect(recorder.lines).toEqual(trueOnes(1, 62));
    expect(recorder.forgeries).toEqual([false]);
    expect(recorder.resets).toEqual([]);
    expect(recorder.gaps).toBe(0);
  });

  it('of another epoch does not block true events', async () => {
    emit(2);
    for (const offset of [1, 3, 900]) forge(offset, 'b');
    await turn();
    emit(3);
    await turn();
    expect(recorder.lines).toEqual(trueOnes(1, 5));
    expect(recorder.resets).toEqual([]);
  });

  it('as the first event of an empty channel is reported when the true one arrives with a new epoch', async () => {
    forge(1);
    log.epoch = 'b';
    emit();
    await turn();
    expect(recorder.resets).toEqual(['unknown_epoch']);
    expect(stream.position).toEqual({ epoch: 'b', offset: 1 });
  });

  it('as the last event is found only by the audit', async () => {
    emit(2);
    audit();
    expect(log.reads).toBe(0);
    forge(3);
    audit();
    await turn();
    expect(recorder.resets).toEqual(['rewound']);
    expect(recorder.forgeries).toEqual([true]);
    emit(2);
    expect(recorder.lines).toEqual(trueOnes(3, 4));
  });

  it('is found by the audit when the true event was lost', async () => {
    emit(2);
    forge(3);
    log.append(); // lost: the connection was cut
    audit();
    await turn();
    expect(recorder.resets).toEqual(['rewound']);
  });

  it('is found when true events after it show a gap', async () => {
    emit(2);
    forge(3);
    log.append();
    log.append();
    emit();
    await turn();
    expect(recorder.resets).toEqual(['rewound']);
    expect(stream.position).toEqual(log.top);
  });

  it('is found if the true event is buffered during a read and dropped', async () => {
    emit(2);
    log.isSlow = true;
    forge(9);
    forge(3);
    emit();
    for (let count = 0; count < 1_500; count += 1) forge(9);
    await turn();
    log.isSlow = false;
    for (const answer of log.asked.splice(0)) answer();
    await turn();
    audit();
    await turn();
    expect(stream.position).toEqual(log.top);
    expect(recorder.lines).toEqual(recorder.resets.length === 0 ? trueOnes(1, 3) : []);
  });

  it('more of them than marks are kept are reported, too', async () => {
    emit(2);
    for (let offset = 3; offset < 103; offset += 1) forge(offset);
    emit();
    await turn();
    expect(recorder.resets).toEqual(['rewound']);
    expect(stream.position).toEqual(log.top);
  });

  it('and a copy at an old offset cause a read, but no reset', async () => {
    emit(200);
    forge(3);
    stream.receive(log.events.at(3)!);
    await turn();
    expect(recorder.lines).toEqual(trueOnes(1, 200));
    expect(recorder.resets).toEqual([]);
    expect(log.reads).toBe(2);
  });

  it('is reported if an expired history cannot show whether the true event was dropped', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    try {
      begin(250);
      emit(2);
      forge(9);
      await turn();
      forge(3);
      forge(9); // the next read is delayed, and events that arrive before it are dropped
      emit(2);
      log.expired = 3;
      await jest.advanceTimersByTimeAsync(250);
      expect(recorder.resets).toEqual(['unproven']);
      expect(stream.position).toEqual(log.top);
    } finally {
      jest.useRealTimers();
    }
  });

  it('at an expired offset is reported: the history cannot show which event is true', async () => {
    emit(2);
    log.expired = 2;
    forge(2);
    await turn();
    expect(recorder.resets).toEqual(['unproven']);
  });

  it('an audit of an expired history reports nothing', async () => {
    emit(2);
    log.expired = 2;
    audit();
    await turn();
    expect(recorder.resets).toEqual([]);
    expect(log.reads).toBe(0);
  });

  it('an audit overtaken by a true event reports nothing', async () => {
    emit(2);
    const [top, mark] = [log.top, log.lastMark];
    emit();
    stream.check(top, mark);
    await turn();
    emit();
    expect(recorder.lines).toEqual(trueOnes(1, 4));
    expect(recorder.resets).toEqual([]);
    expect(recorder.gaps).toBe(0);
  });

  it('a resume at a displaced event is rejected, and a resume at another position is recovered', async () => {
    emit(2);
    stream.check({ epoch: 'a', offset: 1 }); // the log is read, so 2 is proven
    await turn();
    forge(3);
    forge(4);
    emit(5);
    await turn();
    const displaced = [2, 3, 4, 5].map((offset) => stream.isDisplaced({ epoch: 'a', offset }));
    expect(displaced).toEqual([false, true, true, false]);
    expect(stream.isDisplaced({ epoch: 'b', offset: 3 })).toBe(false);
  });

  it('a thousand of them cause few reads, and delay true events by at most a quarter of a second', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    try {
      begin(250);
      emit(2);
      for (let count = 0; count < 1_000; count += 1) {
        const [offset, epoch] = [
          [9, 'a'],
          [1, 'a'],
          [count, 'b'],
        ][count % 3] as [number, string];
        forge(offset, epoch);
        if (count % 100 === 0) {
          emit();
          await jest.advanceTimersByTimeAsync(25);
        }
      }
      await jest.advanceTimersByTimeAsync(250);
      expect(log.reads).toBeLessThanOrEqual(4);
      expect(recorder.lines).toEqual(trueOnes(1, 12));
      expect(recorder.resets).toEqual([]);
    } finally {
      jest.useRealTimers();
    }
  });

  it('without history, an event with an offset does not affect events without one', async () => {
    stream = new ChannelStream('c', log, LIMITS, recorder);
    stream.opened(null);
    const plain: BrokerEvent = { position: null, mark: 1, body: '"channel":"c","data":"true","timestamp":"t"}' };
    for (const event of [plain, eventAt('a', 5, 'forged'), eventAt('a', 9, 'forged'), plain]) stream.receive(event);
    await turn();
    expect(recorder.lines.filter((line) => line.endsWith('true'))).toHaveLength(2);
    expect(stream.position).toBeNull();
    expect(log.reads).toBe(0);
    expect(recorder.resets).toEqual([]);
  });

  it('in any order: every true event is delivered, or lost continuity is reported', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.constant('emit' as const) },
      { weight: 3, arbitrary: fc.constant('forge next' as const) },
      { weight: 2, arbitrary: fc.constant('forge last' as const) },
      { weight: 1, arbitrary: fc.constant('forge old' as const) },
      { weight: 1, arbitrary: fc.constant('forge ahead' as const) },
      { weight: 1, arbitrary: fc.constant('forge epoch' as const) },
      { weight: 1, arbitrary: fc.constant('replay' as const) },
      { weight: 2, arbitrary: fc.constant('cut' as const) },
      { weight: 1, arbitrary: fc.constant('audit' as const) },
      { weight: 3, arbitrary: fc.constant('answer' as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        begin();
        log.isSlow = true;
        // Events arrive in the order in which they were published.
        const underWay: BrokerEvent[] = [];
        const arrive = (event: BrokerEvent): void => void underWay.push(event);
        const handOut = (): void => {
          for (const event of underWay.splice(0)) stream.receive(event);
        };
        for (const [index, what] of steps.entries()) {
          const here = stream.position!.offset;
          if (what === 'emit') arrive(log.append());
          else if (what === 'forge next') arrive(eventAt('a', here + 1, 'forged'));
          else if (what === 'forge last') arrive(eventAt('a', here, 'forged'));
          else if (what === 'forge old') arrive(eventAt('a', 1 + (index % (here + 1)), 'forged'));
          else if (what === 'forge ahead') arrive(eventAt('a', here + 2 + (index % 5), 'forged'));
          else if (what === 'forge epoch') arrive(eventAt('b', here + (index % 2), 'forged'));
          else if (what === 'replay' && log.events.length > 0) arrive(log.events.at(index % log.events.length)!);
          else if (what === 'cut') {
            // Events in transit are lost, and the next connection reports the position of the channel.
            underWay.splice(0);
            for (let lost = index % 3; lost > 0; lost -= 1) log.append();
            audit();
          } else if (what === 'audit') {
            handOut();
            audit();
          } else {
            log.asked.shift()?.();
            await turn();
          }
          if (index % 2 === 0) handOut();
        }
        handOut();
        log.isSlow = false;
        for (const answer of log.asked.splice(0)) answer();
        for (let count = 0; count < 3; count += 1) await turn();
        audit();
        for (let count = 0; count < 5; count += 1) await turn();

        expect(stream.position).toEqual(log.top);
        // After the last reset: true events without a gap, up to the last one.
        const first = log.top.offset - recorder.out.length + 1;
        expect(recorder.lines).toEqual(trueOnes(first, log.top.offset));
        if (recorder.resets.length === 0) expect(first).toBe(1);
      }),
      { numRuns: 1_000 },
    );
  });
});
