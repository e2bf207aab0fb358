import { parsePosition } from '../../src/protocol/position.js';

/** Events that a client has and that a stream repeats: their offsets. */
interface Repetition {
  next: number;
  readonly last: number;
}

/** A client that resumes by the cursor of its last stream, as an `EventSource` does, and drops the repetitions by their ids. */
export class Cursor {
  /** The last `id:` of the last stream. */
  text = '';
  private checked = '';
  private readonly starts = new Map<string, string>();
  private readonly repetitions = new Map<string, Repetition>();

  /** Begins a stream. */
  begin(): void {
    this.starts.clear();
    this.repetitions.clear();
    this.checked = '';
    for (const [channel, position] of positionsOf(this.text)) this.starts.set(channel, position);
  }

  /**
   * Compares a cursor with the events before it: it is exactly there, so that only the events after it can be repeated.
   * @param positions the last event of each subscribed channel
   * @returns a problem, or `null`
   */
  check(text: string, positions: ReadonlyMap<string, string | null>): string | null {
    if (text === this.checked) return null;
    this.checked = text;
    for (const [channel, position] of positionsOf(text)) {
      const last = positions.get(channel);
      if (last !== undefined && last !== position && !this.repetitions.has(channel)) {
        return `the cursor is at ${position} of ${channel}, after ${last}`;
      }
    }
    return null;
  }

  /** Returns true if the client resumes this channel with its cursor. */
  has(channel: string): boolean {
    return this.starts.has(channel);
  }

  /**
   * Follows the answer to a resume.
   * @param seen the last event that the client has
   * @returns a problem, or `null`
   */
  resumed(channel: string, from: string, seen: string): string | null {
    const start = this.starts.get(channel);
    this.starts.delete(channel);
    if (from !== start) return `resumed from ${from}, while the cursor was at ${start}`;
    const [before, last] = [parsePosition(from)!, parsePosition(seen)!];
    if (before.epoch !== last.epoch || before.offset > last.offset) return `the cursor is at ${from}, after ${seen}`;
    if (before.offset < last.offset) {
      this.repetitions.set(channel, { next: before.offset + 1, last: last.offset });
    }
    return null;
  }

  /** Ends the repetitions of a channel to which the client subscribes by itself. */
  forget(channel: string): void {
    this.starts.delete(channel);
    this.repetitions.delete(channel);
  }

  /** @returns true for the next repetition, false for a new event, a string for a problem */
  repeats(channel: string, id: string): boolean | string {
    const repetition = this.repetitions.get(channel);
    if (repetition === undefined) return false;
    const offset = parsePosition(id)!.offset;
    if (offset !== repetition.next) return `${id} is not the repetition of ${repetition.next}`;
    repetition.next += 1;
    if (repetition.next > repetition.last) this.repetitions.delete(channel);
    return true;
  }
}

function positionsOf(cursor: string): [channel: string, position: string][] {
  return cursor
    .split(',')
    .filter((entry) => entry.includes('='))
    .map((entry) => entry.split('=') as [string, string]);
}
