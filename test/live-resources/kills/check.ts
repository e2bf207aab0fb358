/** Text of a value that is missing. */
export const MISSING = '(missing)';

/** A new value of a path in the database. */
export interface Commit {
  readonly channel: string;
  readonly path: string;
  readonly text: string;
  /** Times are in milliseconds of one clock. */
  readonly at: number;
}

/** A load of a state by an instance. */
export interface Load {
  readonly channel: string;
  readonly by: string;
  readonly from: number;
  /** `Infinity` until it ends. */
  to: number;
}

/** The state that a client held after a frame. */
export interface Holding {
  readonly client: string;
  readonly channel: string;
  readonly role: string;
  readonly id: string;
  readonly values: ReadonlyMap<string, string>;
  readonly at: number;
}

/** Time in which Redis lost data, or was unavailable. */
export interface Loss {
  readonly from: number;
  readonly to: number;
}

/** Everything that happened in a run. */
export interface LiveLog {
  readonly commits: readonly Commit[];
  readonly loads: readonly Load[];
  readonly held: readonly Holding[];
  readonly losses: readonly Loss[];
  /** Hidden names and values that a client received. */
  readonly leaks: readonly string[];
  /** Frames that are against the protocol. */
  readonly problems: readonly string[];
  /** States that clients held when all changes were announced, and those of the database. */
  readonly ends: readonly { readonly who: string; readonly held: string; readonly expected: string }[];
}

export interface LiveViolation {
  readonly class: 'conflict' | 'never-was' | 'went-back' | 'two-loads' | 'leak' | 'protocol' | 'not-equal';
  readonly text: string;
}

/** Checks the promises of live resources. @param leaseMs time for which an instance alone can load */
export function checkLive(log: LiveLog, leaseMs: number): LiveViolation[] {
  const numbers = numbersOf(log.commits);
  return [
    ...log.leaks.map((text) => ({ class: 'leak' as const, text })),
    ...log.problems.map((text) => ({ class: 'protocol' as const, text })),
    ...log.ends
      .filter(({ held, expected }) => held !== expected)
      .map(({ who, held, expected }) => ({
        class: 'not-equal' as const,
        text: `${who} holds ${held}, not ${expected}`,
      })),
    ...conflictsIn(log.held),
    ...valuesIn(log, numbers),
    ...doubleLoads(log, leaseMs),
  ];
}

/** All clients with the same role hold the same at a position. */
function conflictsIn(held: readonly Holding[]): LiveViolation[] {
  const known = new Map<string, string>();
  const violations: LiveViolation[] = [];
  for (const { client, channel, role, id, values } of held) {
    const key = `${channel} at ${id}, ${role}`;
    const text = [...values]
      .map((value) => JSON.stringify(value))
      .toSorted()
      .join();
    const other = known.get(key);
    if (other !== undefined && other !== text) {
      violations.push({ class: 'conflict', text: `${key}: ${client} holds ${text}, another client ${other}` });
    }
    known.set(key, text);
  }
  return violations;
}

/** Every value was once in the database, and no client goes back to an older one unless Redis lost data meanwhile. */
function valuesIn({ held, losses }: LiveLog, numbers: ReadonlyMap<string, number>): LiveViolation[] {
  const violations: LiveViolation[] = [];
  const last = new Map<string, { readonly number: number; readonly at: number }>();
  for (const { client, channel, id, values, at } of held) {
    for (const [path, text] of values) {
      const number = numbers.get(keyOf(channel, path, text));
      const where = `${client} holds ${text} as ${path} of ${channel} at ${id}`;
      if (number === undefined) {
        violations.push({ class: 'never-was', text: where });
        continue;
      }
      const key = `${client} ${channel} ${path}`;
      const before = last.get(key);
      if (before !== undefined && number < before.number && !isDisturbed(losses, before.at, at)) {
        violations.push({ class: 'went-back', text: `${where}, and held a later value before` });
      }
      last.set(key, { number, at });
    }
  }
  return violations;
}

/** An instance loads a channel alone until its lease ends, unless Redis lost the lease, which can be granted long before the load. */
function doubleLoads({ loads, losses }: LiveLog, leaseMs: number): LiveViolation[] {
  return loads.flatMap((load, index) =>
    loads
      .slice(0, index)
      .filter((before) => before.channel === load.channel && before.by !== load.by)
      .filter(
        ({ from, to }) =>
          to > load.from && load.from - from < leaseMs && !isDisturbed(losses, from - leaseMs, load.from),
      )
      .map(({ by, from }) => ({
        class: 'two-loads' as const,
        text: `${load.by} loads ${load.channel} ${Math.round(load.from - from)} ms after ${by} began`,
      })),
  );
}

function isDisturbed(losses: readonly Loss[], from: number, to: number): boolean {
  return losses.some((loss) => loss.from <= to && loss.to >= from);
}

function numbersOf(commits: readonly Commit[]): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const [number, { channel, path, text }] of commits.entries()) numbers.set(keyOf(channel, path, text), number);
  return numbers;
}

function keyOf(channel: string, path: string, text: string): string {
  return `${channel} ${path} ${text}`;
}
