import type { Position } from '../../../src/protocol/index.js';
import { shownTo, valuesOf, type BoardState, type Change, type Role } from './board-model.js';

/** Text of a value that is missing. */
const MISSING = '(missing)';
/** Characters of a value in an error. */
const MAX_SHOWN = 100;

/** The number of the last value of each path at a time. */
export type Numbers = ReadonlyMap<string, number>;

interface Value {
  readonly text: string;
  /** Time of its commit, in milliseconds since 1970. */
  readonly at: number;
}

/**
 * The database, all its former values, and the values that may not be missing at a position:
 * - at a position all clients and instances hold the same;
 * - at the position of an event, and after it, no value is older than the one that the event announced.
 */
export class Truth {
  readonly state: BoardState;
  /** By path: all values in the order of their commits. */
  private readonly values = new Map<string, Value[]>();
  /** By epoch: positions from which on these values, or later ones, are held. */
  private readonly floors = new Map<string, { readonly offset: number; readonly numbers: Numbers }[]>();
  /** The states that clients of a role held, by role and position. */
  private readonly seen = new Map<string, string>();

  /** @param text makes the state larger than a frame */
  constructor(text: string | undefined) {
    this.state = { name: 'start', cards: {}, ...(text !== undefined && { text }) };
    this.record();
  }

  /** Number of different states that were compared. */
  get compared(): number {
    return this.seen.size;
  }

  /** The numbers of the present values. */
  get numbers(): Numbers {
    return new Map([...this.values].map(([path, values]) => [path, values.length - 1]));
  }

  /** Commits a change. @returns the numbers of the values that it changed */
  commit({ apply }: Pick<Change, 'apply'>): Numbers {
    apply(this.state);
    return this.record();
  }

  /** From a position on, no client holds older values than these. */
  announce({ epoch, offset }: Position, numbers: Numbers): void {
    const floors = this.floors.get(epoch) ?? [];
    floors.push({ offset, numbers });
    this.floors.set(epoch, floors);
  }

  /**
   * Checks a state.
   * @param roles views in which it is compared
   * @param since changes that were committed before this time are not missing
   */
  check(roles: readonly Role[], id: string, data: unknown, since = -Infinity): void {
    for (const role of roles) {
      const [key, text] = [`${role} ${id}`, shownTo(role, data)];
      const other = this.seen.get(key);
      if (other !== undefined && other !== text)
        throw new Error(`At ${id} clients hold ${short(text)} and ${short(other)}`);
      this.seen.set(key, text);
    }
    this.checkAge(roles[0]!, id, valuesOf(roles[0]!, data), since);
  }

  /** Checks a state that is not held at a position of the log: that of the database. */
  checkEnd(role: Role, data: unknown): void {
    const [held, expected] = [shownTo(role, data), shownTo(role, this.state)];
    if (held !== expected) throw new Error(`In the end a client holds ${short(held)}, not ${short(expected)}`);
  }

  private checkAge(role: Role, id: string, held: ReadonlyMap<string, string>, since: number): void {
    const [epoch = '', offset = ''] = id.split('-');
    const floors = (this.floors.get(epoch) ?? []).filter((floor) => floor.offset <= Number(offset));
    for (const [path, values] of this.values) {
      if (role === 'user' && /budget|salary/.test(path)) continue;
      const text = held.get(path) ?? MISSING;
      const number = values.findLastIndex((value) => value.text === text);
      if (number < 0) throw new Error(`At ${id} ${path} is ${short(text)}, which it never was`);
      const floor = floors.reduce((most, { numbers }) => Math.max(most, numbers.get(path) ?? 0), 0);
      const least = Math.max(
        floor,
        values.findLastIndex(({ at }) => at < since),
      );
      if (number < least) {
        throw new Error(`At ${id} ${path} is still ${short(text)}: it was ${short(values[least]!.text)} before`);
      }
    }
    for (const path of held.keys()) {
      if (!this.values.has(path)) throw new Error(`At ${id} a client holds ${path}, which never was`);
    }
  }

  private record(): Numbers {
    const now = valuesOf('admin', this.state);
    const changed = new Map<string, number>();
    for (const path of new Set([...this.values.keys(), ...now.keys()])) {
      const text = now.get(path) ?? MISSING;
      const values = this.values.get(path) ?? [{ text: MISSING, at: -Infinity }];
      if (values.at(-1)!.text === text) continue;
      this.values.set(path, values);
      changed.set(path, values.push({ text, at: Date.now() }) - 1);
    }
    return changed;
  }
}

function short(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
