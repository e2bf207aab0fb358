import { readFile } from 'node:fs/promises';
import { emptyLog, type Outcome, type RunLog } from '../log.js';
import { check, type CheckOptions } from './check.js';
import { HealthyTime } from './healthy-time.js';

/** Builds a log of two staying clients that receive every event at once. Times are in seconds. */
class Scribe {
  readonly log: RunLog = emptyLog();
  private readonly offsets = new Map<string, number>();

  constructor() {
    for (const client of ['stay1', 'stay2']) {
      for (const channel of ['a', 'b']) {
        this.log.seen.push({ kind: 'subscribed', at: 0, client, channel, lastEventId: 'e-0' });
      }
    }
  }

  /** Adds an acknowledged event, and the clients that receive it. */
  event(channel: string, from: number, to: number, clients: readonly string[] = ['stay1', 'stay2']): void {
    const offset = (this.offsets.get(channel) ?? 0) + 1;
    this.offsets.set(channel, offset);
    const key = this.emit(channel, from, to, 'acknowledged', `e-${offset}`);
    for (const client of clients) {
      this.log.seen.push({ kind: 'event', at: to * 1_000, client, channel, id: `e-${offset}`, key });
    }
  }

  emit(channel: string, from: number, to: number, outcome: Outcome, id?: string): string {
    const sequence = this.log.emits.length + 1;
    const record = { key: `${channel}${sequence}`, channel, publisher: 'p', sequence, outcome };
    const times = { startedAt: from * 1_000, settledAt: to * 1_000 };
    this.log.emits.push({ ...record, ...times, ...(id === undefined ? {} : { id }) });
    return record.key;
  }

  fault(from: number, to: number): void {
    this.log.faults.push({ name: 'cut', from: from * 1_000, to: to * 1_000 });
  }

  found(options: Partial<CheckOptions> = {}): string[] {
    const { violations } = check(this.log, { redisMayLose: false, ...options });
    return violations.map((violation) => `${violation.class} ${violation.channel} ${violation.client ?? ''}`.trim());
  }
}

describe('HealthyTime', () => {
  it('subtracts each time with a fault once', () => {
    const healthy = new HealthyTime([
      { from: 20, to: 30 },
      { from: 10, to: 15 },
      { from: 12, to: 18 },
      { from: 50, to: 90 },
    ]);
    expect(healthy.between(0, 100)).toBe(100 - 8 - 10 - 40);
    expect(healthy.between(16, 25)).toBe(2);
    expect(healthy.between(60, 70)).toBe(0);
  });
});

describe('check, of waiting time', () => {
  it('accepts an emit that is rejected after its timeout, mostly during a fault', () => {
    const scribe = new Scribe();
    scribe.fault(1, 11);
    scribe.emit('a', 1, 11.2, 'rejected');
    scribe.emit('a', 2, 12.1, 'notPublished');
    expect(scribe.found()).toEqual([]);
  });

  it('finds an emit that is rejected before its timeout, also during a fault', () => {
    const scribe = new Scribe();
    scribe.fault(1, 11);
    scribe.emit('a', 1, 1.3, 'notPublished');
    expect(scribe.found()).toEqual(['rejectedEarly a']);
    expect(scribe.found({ rejectsAtOnce: true })).toEqual([]);
  });

  it('finds an emit that is rejected although most of its time had no fault', () => {
    const scribe = new Scribe();
    scribe.fault(1, 4);
    scribe.emit('a', 1, 11.2, 'rejected');
    expect(scribe.found()).toEqual(['rejectedWhileUp a']);
  });

  it('finds an emit that waits long without a fault, and accepts one that waits for the end of a fault', () => {
    const scribe = new Scribe();
    scribe.fault(1, 10);
    scribe.event('a', 1, 11);
    scribe.event('a', 12, 18);
    expect(scribe.found()).toEqual(['waitedLong a']);
    expect(scribe.found({ emitWithinMs: 7_000 })).toEqual([]);
  });
});

describe('check, of starvation', () => {
  it('finds a channel that is silent for one client, while its other channels and other clients receive events', () => {
    const scribe = new Scribe();
    for (let second = 1; second <= 20; second += 1) {
      scribe.event('a', second, second + 0.1);
      scribe.event('b', second, second + 0.1, second < 5 ? undefined : ['stay1']);
    }
    expect(scribe.found()).toEqual(['starved b stay2']);
  });

  it('ignores time with a fault', () => {
    const scribe = new Scribe();
    scribe.fault(4, 12);
    for (let second = 1; second <= 20; second += 1) {
      scribe.event('a', second, second + 0.1);
      scribe.event('b', second, second + 0.1, second < 5 ? undefined : ['stay1']);
    }
    expect(scribe.found()).toEqual([]);
  });

  it('requires nothing of a channel without acknowledged events', () => {
    const scribe = new Scribe();
    for (let second = 1; second <= 20; second += 1) scribe.event('a', second, second + 0.1);
    expect(scribe.found()).toEqual([]);
  });

  it('accepts a notice or a new subscription as a sign of life', () => {
    const scribe = new Scribe();
    scribe.event('a', 1, 1.1, ['stay1']);
    scribe.log.seen.push({ kind: 'resync', at: 9_000, client: 'stay2', channel: 'a', lastEventId: 'e-1', reason: 'x' });
    scribe.event('a', 20, 20.1, ['stay1']);
    expect(scribe.found()).toEqual([]);
  });
});

/** Parts of the logs of mutants: see `mutants.ts`. */
describe.each([
  ['rejected-early', 'rejectedEarly'],
  ['rejected-while-up', 'rejectedWhileUp'],
  ['waited-long', 'waitedLong'],
  ['starved', 'starved'],
])('the recorded log %s', (file, expected) => {
  it(`has the violation ${expected}, and no other`, async () => {
    const log = JSON.parse(await readFile(`test/fault/checker/logs/${file}.json`, 'utf8')) as Partial<RunLog>;
    const { violations } = check({ ...emptyLog(), ...log }, { redisMayLose: false });
    expect([...new Set(violations.map((violation) => violation.class))]).toEqual([expected]);
  });
});
