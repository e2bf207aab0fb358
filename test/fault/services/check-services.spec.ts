import { KILL, emptyServiceLog, type Order, type ServiceLog, type Visit } from './log.js';
import { checkServices } from './run-services.js';
import type { ServiceViolationClass } from './violations.js';

/** Builds a log. Times are in seconds. */
class Scribe {
  readonly log: ServiceLog = emptyServiceLog();

  constructor() {
    for (const id of ['A', 'B']) this.log.lives.push({ id, from: 0, to: null });
    this.log.endedAt = 100_000;
  }

  fault(name: string, from: number, to = from): void {
    this.log.faults.push({ name, from: from * 1_000, to: to * 1_000 });
  }

  /** Adds an accepted connection; with `joins` it is in the presence channel. */
  visit(user: string, life: string, from: number, to: number | null, options: { code?: number; joins?: boolean } = {}) {
    const { code = null, joins = true } = options;
    const at = from * 1_000;
    const visit: Visit = {
      ...{ user, session: `s ${user}`, life, startedAt: at - 1, openedAt: at, joinedAt: joins ? at : null },
      ...{ closedAt: to === null ? null : to * 1_000, code },
    };
    this.log.visits.push(visit);
  }

  list(at: number, members: string[], watcher = 'w'): void {
    this.log.views.push({ kind: 'list', watcher, at: at * 1_000, members });
  }

  diff(at: number, joined: string[], left: string[], watcher = 'w'): void {
    this.log.views.push({ kind: 'diff', watcher, at: at * 1_000, joined, left });
  }

  order(what: Order['do'], target: string, at: number, confirmed: string[] | null, missing: string[] = []): void {
    const result = confirmed === null ? null : { confirmed, missing };
    this.log.orders.push({ do: what, target, startedAt: at * 1_000, settledAt: at * 1_000 + 100, result });
  }

  /** Process B dies, and C replaces it. */
  kill(from: number, to: number): void {
    this.log.lives[1]!.to = from * 1_000;
    this.log.lives.push({ id: 'C', from: from * 1_000 + 10, to: null });
    this.fault(KILL, from, to);
  }

  found(): ServiceViolationClass[] {
    return [...new Set(checkServices(this.log).map((violation) => violation.class))].toSorted();
  }
}

const EVERY = ['A', 'B'];
type Case = readonly [name: string, write: (scribe: Scribe) => void];
type BadCase = readonly [name: string, expected: readonly ServiceViolationClass[], write: (scribe: Scribe) => void];

describe('the checker of presence', () => {
  const good: readonly Case[] = [
    [
      'a user who comes and goes',
      (scribe) => {
        scribe.visit('ann', 'A', 10, 30);
        scribe.list(5, []);
        scribe.diff(10.2, ['ann'], []);
        scribe.diff(35.1, [], ['ann']);
      },
    ],
    [
      'a reload within the grace period',
      (scribe) => {
        scribe.list(5, []);
        scribe.visit('ann', 'A', 10, 30);
        scribe.diff(10.2, ['ann'], []);
        scribe.visit('ann', 'B', 33, null);
      },
    ],
    [
      'the user of a killed instance, who leaves after its lease',
      (scribe) => {
        scribe.visit('ann', 'B', 10, 30);
        scribe.list(11, ['ann']);
        scribe.kill(30, 32);
        scribe.diff(49, [], ['ann']);
      },
    ],
    [
      'a watcher that was disconnected meanwhile',
      (scribe) => {
        scribe.list(5, []);
        scribe.log.views.push({ kind: 'gone', watcher: 'w', at: 9_000 });
        scribe.visit('ann', 'A', 10, 90);
        scribe.list(80, ['ann']);
        scribe.diff(95, [], ['ann']);
      },
    ],
  ];

  it.each(good)('accepts %s', (_name, write) => {
    const scribe = new Scribe();
    write(scribe);
    expect(scribe.found()).toEqual([]);
  });

  const bad: readonly BadCase[] = [
    [
      'a join that is never shown',
      ['presentNotShown'],
      (scribe) => {
        scribe.list(5, []);
        scribe.visit('ann', 'A', 10, null);
      },
    ],
    [
      'a join that one of two watchers is never shown',
      ['presentNotShown'],
      (scribe) => {
        for (const watcher of ['w', 'x']) scribe.list(5, [], watcher);
        scribe.visit('ann', 'A', 10, null);
        scribe.diff(10.1, ['ann'], [], 'x');
      },
    ],
    [
      'a user of a killed instance who is never removed',
      ['goneStillShown'],
      (scribe) => {
        scribe.visit('ann', 'B', 10, 30);
        scribe.list(11, ['ann']);
        scribe.kill(30, 32);
      },
    ],
    [
      'a user who left and is shown for too long',
      ['goneStillShown'],
      (scribe) => {
        scribe.visit('ann', 'A', 10, 30);
        scribe.list(11, ['ann']);
        scribe.diff(40, [], ['ann']);
      },
    ],
    [
      'a departed user who reappears for a moment without a cause',
      ['flapped'],
      (scribe) => {
        scribe.visit('ann', 'A', 10, null);
        scribe.list(11, ['ann']);
        scribe.diff(50, [], ['ann']);
        scribe.diff(50.2, ['ann'], []);
      },
    ],
  ];

  it.each(bad)('finds %s', (_name, expected, write) => {
    const scribe = new Scribe();
    write(scribe);
    expect(scribe.found()).toEqual(expected);
  });
});

describe('the checker of control commands', () => {
  const good: readonly Case[] = [
    [
      'a command that is confirmed and executed everywhere',
      (scribe) => {
        scribe.visit('ann', 'A', 10, 20.05, { code: 4403, joins: false });
        scribe.visit('ann', 'B', 10, 20.3, { code: 4403, joins: false });
        scribe.order('disconnect', 'ann', 20, EVERY);
        scribe.visit('ann', 'A', 20.5, 40, { joins: false });
      },
    ],
    [
      'an isolated instance that executes it after reconnecting',
      (scribe) => {
        scribe.fault('cut', 18, 24);
        scribe.visit('ann', 'B', 10, 26, { code: 4403, joins: false });
        scribe.order('disconnect', 'ann', 20, ['A'], ['B']);
      },
    ],
    [
      'a killed instance that is missing until its lease is over',
      (scribe) => {
        scribe.kill(20, 22);
        scribe.order('disconnect', 'ann', 39, ['A', 'C'], ['B']);
      },
    ],
    [
      'a command that is refused while Redis is down',
      (scribe) => {
        scribe.fault('Redis killed', 15, 30);
        scribe.order('disconnect', 'ann', 20, null);
      },
    ],
  ];

  it.each(good)('accepts %s', (_name, write) => {
    const scribe = new Scribe();
    write(scribe);
    expect(scribe.found()).toEqual([]);
  });

  const bad: readonly BadCase[] = [
    [
      'a command that is confirmed and not executed',
      ['confirmedNotDone'],
      (scribe) => {
        scribe.visit('ann', 'B', 10, null, { joins: false });
        scribe.order('disconnect', 'ann', 20, EVERY);
      },
    ],
    [
      'a command that never reaches an isolated instance',
      ['neverDone'],
      (scribe) => {
        scribe.fault('cut', 18, 24);
        scribe.visit('ann', 'B', 10, null, { joins: false });
        scribe.order('disconnect', 'ann', 20, ['A'], ['B']);
      },
    ],
    [
      'a command that is executed, while the instance is reported missing',
      ['missingForever'],
      (scribe) => {
        scribe.visit('ann', 'B', 10, 20.05, { code: 4403, joins: false });
        scribe.order('disconnect', 'ann', 20, ['A'], ['B']);
      },
    ],
    [
      'a dead instance that is reported missing forever',
      ['missingForever'],
      (scribe) => {
        scribe.kill(20, 22);
        scribe.order('disconnect', 'ann', 60, ['A', 'C'], ['B']);
      },
    ],
    [
      'an instance that is reported missing, and dies much later',
      ['missingForever'],
      (scribe) => {
        scribe.order('disconnect', 'ann', 20, ['A'], ['B']);
        scribe.kill(40, 42);
      },
    ],
    ['a command that is refused for no reason', ['refused'], (scribe) => scribe.order('disconnect', 'ann', 20, null)],
    [
      'a command that closes a connection that began after it was confirmed',
      ['doneTwice'],
      (scribe) => {
        scribe.order('disconnect', 'ann', 20, EVERY);
        scribe.visit('ann', 'A', 25, 30, { code: 4403, joins: false });
      },
    ],
    [
      'a command that is executed by an instance that started after it',
      ['doneTwice'],
      (scribe) => {
        scribe.order('disconnect', 'ann', 20, EVERY);
        scribe.kill(22, 24);
        scribe.visit('ann', 'C', 25, 30, { code: 4403, joins: false });
      },
    ],
  ];

  it.each(bad)('finds %s', (_name, expected, write) => {
    const scribe = new Scribe();
    write(scribe);
    expect(scribe.found()).toEqual(expected);
  });
});

describe('the checker of revocations', () => {
  const good: readonly Case[] = [
    [
      'a token that is accepted before it is revoked, and not after it',
      (scribe) => {
        scribe.visit('ann', 'A', 10, 20.05, { code: 4403, joins: false });
        scribe.order('revoke', 's ann', 20, EVERY);
        scribe.log.visits.push({
          ...scribe.log.visits[0]!,
          startedAt: 30_000,
          openedAt: null,
          closedAt: 30_010,
          code: 4401,
        });
      },
    ],
    [
      'a token that an isolated instance accepts',
      (scribe) => {
        scribe.fault('cut', 18, 24);
        scribe.order('revoke', 's ann', 20, ['A'], ['B']);
        scribe.visit('ann', 'B', 23, 25, { code: 4403, joins: false });
      },
    ],
  ];

  it.each(good)('accepts %s', (_name, write) => {
    const scribe = new Scribe();
    write(scribe);
    expect(scribe.found()).toEqual([]);
  });

  const bad: readonly BadCase[] = [
    [
      'a token that is accepted by an instance that confirmed',
      ['acceptedAfterConfirmation'],
      (scribe) => {
        scribe.order('revoke', 's ann', 20, EVERY);
        scribe.visit('ann', 'B', 25, 26, { joins: false });
      },
    ],
    [
      'a token that is accepted long after the instance is reachable again',
      ['acceptedLate'],
      (scribe) => {
        scribe.fault('cut', 18, 24);
        scribe.order('revoke', 's ann', 20, ['A'], ['B']);
        scribe.visit('ann', 'B', 40, 41, { joins: false });
      },
    ],
    [
      'a token that a new process accepts',
      ['acceptedLate'],
      (scribe) => {
        scribe.order('revoke', 's ann', 20, EVERY);
        scribe.kill(30, 35);
        scribe.visit('ann', 'C', 34, 35, { joins: false });
      },
    ],
    [
      'a connection that a revocation leaves open',
      ['confirmedNotDone'],
      (scribe) => {
        scribe.visit('ann', 'A', 10, null, { joins: false });
        scribe.order('revoke', 's ann', 20, EVERY);
      },
    ],
  ];

  it.each(bad)('finds %s', (_name, expected, write) => {
    const scribe = new Scribe();
    write(scribe);
    expect(scribe.found()).toEqual(expected);
  });
});
