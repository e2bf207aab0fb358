import { readFile } from 'node:fs/promises';
import { emptyLog, type EmitRecord, type Outcome, type RunLog } from '../log.js';
import { check } from './check.js';
import type { ViolationClass } from './violations.js';

/** Builds a log. Each entry is a millisecond after the one before it. */
class Scribe {
  readonly log: RunLog = emptyLog();
  private now = 0;
  private readonly sequences = new Map<string, number>();

  /** Adds a published event. Without an id it was not acknowledged. */
  emit(key: string, id?: string, outcome: Outcome = id === undefined ? 'unknown' : 'acknowledged'): EmitRecord {
    const publisher = key.replace(/\d+$/, '');
    const sequence = (this.sequences.get(publisher) ?? 0) + 1;
    this.sequences.set(publisher, sequence);
    const [startedAt, settledAt] = [this.tick(), this.tick()];
    const base = { key, channel: 'c', publisher, sequence, startedAt, settledAt, outcome };
    const record = id === undefined ? base : { ...base, id };
    this.log.emits.push(record);
    return record;
  }

  subscribed(client: string, lastEventId: string, asked?: string, recovered?: boolean): void {
    const answer = { ...(asked === undefined ? {} : { asked }), ...(recovered === undefined ? {} : { recovered }) };
    this.log.seen.push({ kind: 'subscribed', at: this.tick(), client, channel: 'c', lastEventId, ...answer });
  }

  event(client: string, id: string, key: string): void {
    this.log.seen.push({ kind: 'event', at: this.tick(), client, channel: 'c', id, key });
  }

  resync(client: string, lastEventId: string): void {
    this.log.seen.push({ kind: 'resync', at: this.tick(), client, channel: 'c', lastEventId, reason: 'expired' });
  }

  pass(milliseconds: number): void {
    this.now += milliseconds;
  }

  left(client: string): void {
    this.log.seen.push({ kind: 'left', at: this.tick(), client, channel: 'c' });
  }

  end(client: string, lastEventId: string): void {
    this.log.seen.push({ kind: 'end', at: this.tick(), client, channel: 'c', lastEventId });
  }

  found(redisMayLose = false): ViolationClass[] {
    const { violations } = check(this.log, { redisMayLose, rejectsAtOnce: true });
    return [...new Set(violations.map((violation) => violation.class))].toSorted();
  }

  private tick(): number {
    this.now += 1;
    return this.now;
  }
}

/** A correct run: two clients, of which one leaves and resumes, and two events. */
function quiet(): Scribe {
  const scribe = new Scribe();
  scribe.subscribed('one', 'e-0');
  scribe.subscribed('two', 'e-0');
  scribe.emit('a1', 'e-1');
  scribe.event('one', 'e-1', 'a1');
  scribe.event('two', 'e-1', 'a1');
  scribe.left('two');
  scribe.emit('a2', 'e-2');
  scribe.event('one', 'e-2', 'a2');
  scribe.subscribed('two', 'e-1', 'e-1', true);
  scribe.event('two', 'e-2', 'a2');
  return scribe;
}

describe('check', () => {
  it('finds nothing in a correct run', () => {
    const scribe = quiet();
    scribe.end('one', 'e-2');
    scribe.end('two', 'e-2');
    expect(scribe.found()).toEqual([]);
  });

  describe('while an old master and its successor both accept events', () => {
    /** The successor acknowledged `b1` before the old master accepted `a3`, which both clients received. */
    function twoMasters(): Scribe {
      const scribe = quiet();
      scribe.emit('b1', 'f-3');
      scribe.emit('a3', 'e-3');
      for (const client of ['one', 'two']) scribe.event(client, 'e-3', 'a3');
      scribe.subscribed('three', 'f-2');
      scribe.event('three', 'f-3', 'b1');
      return scribe;
    }

    it('finds nothing if the clients of the old master are notified', () => {
      const scribe = twoMasters();
      for (const client of ['one', 'two']) scribe.resync(client, 'f-3');
      expect(scribe.found(true)).toEqual([]);
    });

    it('finds a silent loss if a client is notified too late, or never', () => {
      const late = twoMasters();
      late.pass(5_000);
      for (const client of ['one', 'two']) late.resync(client, 'f-3');
      expect(late.found(true)).toContain('silentLoss');
      const never = twoMasters();
      never.resync('one', 'f-3');
      expect(never.found(true)).toContain('silentLoss');
    });
  });

  it('counts what happened', () => {
    const scribe = quiet();
    scribe.emit('b1', undefined, 'rejected');
    scribe.emit('b2', undefined, 'unknown');
    scribe.resync('one', 'e-2');
    scribe.subscribed('two', 'e-2', 'e-1', false);
    expect(check(scribe.log, { redisMayLose: false }).figures).toMatchObject({
      ...{ acknowledged: 2, rejected: 1, unknown: 1, unsettled: 0, delivered: 4 },
      ...{ resyncs: 1, recoveredTrue: 1, recoveredFalse: 1, lostByRedis: 0, rejectedYetPublished: 0 },
    });
  });

  it('accepts a new segment after a resync, a refused recovery and a plain subscribe', () => {
    const scribe = quiet();
    for (const offset of [3, 4, 5, 6]) scribe.emit(`a${offset}`, `e-${offset}`);
    scribe.resync('one', 'e-6');
    scribe.left('two');
    scribe.subscribed('two', 'e-6', 'e-2', false);
    scribe.subscribed('three', 'e-6');
    scribe.emit('a7', 'e-7');
    for (const client of ['one', 'two', 'three']) {
      scribe.event(client, 'e-7', 'a7');
      scribe.end(client, 'e-7');
    }
    expect(scribe.found()).toEqual([]);
  });

  it('accepts offsets that continue under a new epoch inside a segment', () => {
    const scribe = quiet();
    scribe.emit('a3', 'f-3');
    scribe.event('one', 'f-3', 'a3');
    scribe.event('two', 'f-3', 'a3');
    expect(scribe.found()).toEqual([]);
  });

  it('recognizes an event that a later epoch took over at its offset', () => {
    const scribe = quiet();
    scribe.emit('a3', 'e-3');
    scribe.event('one', 'e-3', 'a3');
    scribe.event('two', 'f-3', 'a3'); // read from the history after Redis restarted
    scribe.emit('a4', 'f-4');
    for (const client of ['one', 'two']) {
      scribe.event(client, 'f-4', 'a4');
      scribe.end(client, 'f-4');
    }
    expect(scribe.found()).toEqual([]);
  });

  it('allows repeated events for a client that subscribes without a position', () => {
    const scribe = quiet();
    scribe.left('two');
    scribe.subscribed('two', 'e-1');
    scribe.event('two', 'e-2', 'a2');
    expect(scribe.found()).toEqual([]);
  });

  it('allows Redis to lose acknowledged events if the scenario permits it, and an emit to reappear in the rest', () => {
    const scribe = quiet();
    scribe.emit('a3', 'e-3');
    scribe.event('one', 'e-3', 'a3');
    scribe.emit('b1'); // its reply was lost, so it was published again after the promotion
    scribe.event('one', 'e-4', 'b1');
    for (const client of ['one', 'two']) {
      scribe.resync(client, 'f-2');
      scribe.event(client, 'f-3', 'b1');
      scribe.end(client, 'f-3');
    }
    expect(scribe.found(true)).toEqual([]);
    expect(check(scribe.log, { redisMayLose: true }).figures.lostByRedis).toBe(1);
    expect(scribe.found(false)).toEqual(['lost']);
  });

  it('allows a client before the lost events to continue after a notice, and a new one to start after them', () => {
    const scribe = quiet();
    scribe.emit('a3', 'e-3');
    scribe.emit('a4', 'e-4');
    scribe.resync('one', 'f-2');
    scribe.left('two');
    scribe.subscribed('two', 'f-2', 'e-2', false);
    scribe.subscribed('three', 'f-2');
    scribe.emit('a5', 'f-3');
    for (const client of ['one', 'two', 'three']) scribe.event(client, 'f-3', 'a5');
    expect(scribe.found(true)).toEqual([]);
  });

  it('does not require an event whose acknowledgement overlapped with the later event', () => {
    const scribe = quiet();
    const { settledAt } = scribe.emit('a3', 'e-3');
    const later = scribe.emit('b1', 'f-3');
    scribe.log.emits.splice(-1, 1, { ...later, startedAt: settledAt - 0.5 });
    for (const client of ['one', 'two']) scribe.event(client, 'f-3', 'b1');
    expect(scribe.found(true)).toEqual([]);
  });

  it('does not require events that a former master acknowledged', () => {
    const scribe = quiet();
    scribe.emit('a3', 'f-3');
    for (const client of ['one', 'two']) {
      scribe.event(client, 'f-3', 'a3');
      scribe.resync(client, 'f-3');
    }
    scribe.emit('b1', 'e-3'); // by the old master
    scribe.emit('a4', 'f-4');
    for (const client of ['one', 'two']) scribe.event(client, 'f-4', 'a4');
    expect(scribe.found(true)).toEqual([]);
  });

  describe('finds', () => {
    // Each one breaks the correct run.
    const spoilt: readonly [name: string, expected: readonly ViolationClass[], spoil: (scribe: Scribe) => void][] = [
      [
        'an acknowledged event that was skipped',
        ['gap', 'missing', 'silentLoss'],
        (scribe) => {
          scribe.emit('a3', 'e-3');
          scribe.emit('a4', 'e-4');
          scribe.event('one', 'e-4', 'a4');
        },
      ],
      [
        'a skipped event without acknowledgement',
        ['gap'],
        (scribe) => {
          scribe.emit('a3');
          scribe.emit('a4', 'e-4');
          scribe.event('one', 'e-4', 'a4');
        },
      ],
      [
        'an event that was skipped by a resume',
        ['gap', 'missing', 'silentLoss'],
        (scribe) => {
          scribe.left('two');
          scribe.emit('a3', 'e-3');
          scribe.emit('a4', 'e-4');
          scribe.subscribed('two', 'e-2', 'e-2', true);
          scribe.event('two', 'e-4', 'a4');
        },
      ],
      ['an event that came twice', ['duplicate'], (scribe) => scribe.event('one', 'e-2', 'a2')],
      [
        'an event that came again after a resync',
        ['duplicate'],
        (scribe) => {
          scribe.resync('one', 'e-1');
          scribe.event('one', 'e-2', 'a2');
        },
      ],
      [
        'a step back',
        ['fork', 'lost', 'stepBack'],
        (scribe) => {
          scribe.emit('b1');
          scribe.event('one', 'f-2', 'b1');
        },
      ],
      [
        'a return to an epoch that had ended',
        ['stepBack'],
        (scribe) => {
          scribe.emit('b1');
          scribe.emit('b2');
          scribe.event('one', 'f-3', 'b1');
          scribe.event('one', 'e-4', 'b2');
        },
      ],
      [
        'two events under one id',
        ['mismatch'],
        (scribe) => {
          scribe.emit('b1');
          scribe.emit('c1');
          scribe.event('one', 'e-3', 'b1');
          scribe.event('two', 'e-3', 'c1');
        },
      ],
      [
        'another event than the acknowledged one',
        ['mismatch', 'missing', 'silentLoss'],
        (scribe) => {
          scribe.emit('b1', 'e-3');
          scribe.emit('c1');
          scribe.event('one', 'e-3', 'c1');
        },
      ],
      [
        'one id acknowledged twice',
        ['conflict'],
        (scribe) => {
          scribe.emit('a3', 'e-3');
          scribe.emit('b1', 'e-3');
        },
      ],
      [
        'one emit at two offsets',
        ['twoPlaces'],
        (scribe) => {
          scribe.emit('b1', 'e-4');
          scribe.event('one', 'e-3', 'b1');
          scribe.event('one', 'e-4', 'b1');
        },
      ],
      [
        'one emit at two offsets of two epochs, of which the first is still valid',
        ['fifo', 'twoPlaces'],
        (scribe) => {
          scribe.emit('b1');
          scribe.emit('b2');
          scribe.event('one', 'e-3', 'b1');
          scribe.event('one', 'f-4', 'b2');
          scribe.event('one', 'f-5', 'b1');
        },
      ],
      [
        'a publisher whose events were reordered',
        ['fifo'],
        (scribe) => {
          scribe.emit('b1', 'e-4');
          scribe.emit('b2', 'e-3');
          scribe.event('one', 'e-3', 'b2');
          scribe.event('one', 'e-4', 'b1');
        },
      ],
      [
        'a lost acknowledged event',
        ['lost', 'silentLoss'],
        (scribe) => {
          scribe.emit('a3', 'e-3');
          scribe.emit('b1', 'f-3');
          scribe.event('one', 'f-3', 'b1');
        },
      ],
      [
        'a client that holds lost events and was not notified',
        ['fork', 'lost', 'silentLoss'],
        (scribe) => {
          scribe.emit('a3', 'e-3');
          scribe.event('one', 'e-3', 'a3');
          scribe.emit('b1', 'f-3');
          scribe.event('two', 'f-3', 'b1');
          scribe.emit('b2', 'f-4');
          scribe.event('one', 'f-4', 'b2');
          scribe.event('two', 'f-4', 'b2');
        },
      ],
      [
        'lost acknowledged events, with a client that resumes before them without a notice',
        ['lost', 'silentLoss'],
        (scribe) => {
          scribe.left('two');
          scribe.emit('a3', 'e-3');
          scribe.event('one', 'e-3', 'a3');
          scribe.resync('one', 'f-2'); // Redis came back without e-3
          scribe.subscribed('two', 'e-2', 'e-2', true);
          scribe.emit('a4', 'f-3');
          for (const client of ['one', 'two']) scribe.event(client, 'f-3', 'a4');
        },
      ],
      [
        'lost acknowledged events, which a client on an isolated instance never receives',
        ['lost', 'silentLoss'],
        (scribe) => {
          scribe.emit('a3', 'e-3');
          scribe.emit('a4', 'f-3');
          for (const client of ['one', 'two']) scribe.event(client, 'f-3', 'a4');
        },
      ],
      [
        'a client that was placed beyond the top',
        ['skippedAhead'],
        (scribe) => {
          scribe.resync('one', 'e-3');
          scribe.emit('a3', 'e-3');
          scribe.event('two', 'e-3', 'a3');
        },
      ],
      [
        'an emit that was published after it was rejected',
        ['rejectedLater'],
        (scribe) => {
          scribe.emit('b1', undefined, 'rejected');
          scribe.emit('a3', 'e-3');
          scribe.event('one', 'e-3', 'a3');
          scribe.event('one', 'e-4', 'b1');
        },
      ],
      [
        'an emit that was published although it was reported as not published',
        ['refusedYetPublished'],
        (scribe) => {
          scribe.emit('b1', undefined, 'notPublished');
          scribe.event('one', 'e-3', 'b1');
        },
      ],
      [
        'a client that stopped before the top',
        ['differentTop'],
        (scribe) => {
          scribe.emit('a3', 'e-3');
          scribe.event('one', 'e-3', 'a3');
          scribe.end('one', 'e-3');
          scribe.end('two', 'e-2');
        },
      ],
      [
        'clients that all stopped before the top',
        ['differentTop'],
        (scribe) => {
          scribe.emit('a3', 'e-3');
          scribe.end('one', 'e-2');
          scribe.end('two', 'e-2');
        },
      ],
      ['an emit without a reply', ['unsettled'], (scribe) => void scribe.emit('a3', undefined, 'unsettled')],
      [
        'an event after the client had left',
        ['outside'],
        (scribe) => {
          scribe.emit('a3', 'e-3');
          scribe.left('two');
          scribe.event('two', 'e-3', 'a3');
        },
      ],
      ['an event that was never emitted', ['breach'], (scribe) => scribe.event('one', 'e-3', 'z1')],
      [
        'a recovery from another position than requested',
        ['breach'],
        (scribe) => {
          scribe.left('two');
          scribe.subscribed('two', 'e-1', 'e-2', true);
        },
      ],
    ];

    it.each(spoilt)('%s', (_name, expected, spoil) => {
      const scribe = quiet();
      spoil(scribe);
      expect(scribe.found()).toEqual(expected);
    });
  });

  it('finds the silent losses of a recorded run: Redis came back without four events, and one client of two was notified', async () => {
    const log = JSON.parse(await readFile('test/fault/checker/logs/rollback.json', 'utf8')) as Partial<RunLog>;
    const { violations } = check({ ...emptyLog(), ...log }, { redisMayLose: true });
    expect(new Set(violations.map((violation) => `${violation.class} ${violation.client}`))).toEqual(
      new Set(['silentLoss stay1']),
    );
  });

  it('says when the last channel was live again for every client that stays', () => {
    const scribe = new Scribe();
    for (const client of ['stay1', 'stay2']) scribe.subscribed(client, 'e-0');
    scribe.emit('a1', 'e-1');
    const { settledAt } = scribe.emit('a2', 'e-2');
    scribe.log.faults.push({ name: 'cut', from: 0, to: settledAt });
    for (const client of ['stay1', 'stay2']) {
      scribe.event(client, 'e-1', 'a1');
      scribe.event(client, 'e-2', 'a2');
    }
    expect(check(scribe.log, { redisMayLose: false }).figures.liveAgainMs).toEqual([null]);
    scribe.emit('a3', 'e-3');
    scribe.event('stay1', 'e-3', 'a3');
    scribe.event('stay2', 'e-3', 'a3');
    expect(check(scribe.log, { redisMayLose: false }).figures.liveAgainMs).toEqual([8]);
  });
});
