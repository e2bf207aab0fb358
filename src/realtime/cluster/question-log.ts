import type { HistoryWindow } from '../broker/broker.js';
import type { SentQuestion } from './envelopes.js';

/** Allowed clock difference between two instances, in milliseconds. */
export const CLOCK_LEEWAY_MS = 300_000;

/** The questions of one log that this instance has answered, or does not have to answer. */
export class QuestionLog {
  /** Ids of answered questions, oldest first: a read of the log returns them again. */
  private readonly done = new Set<string>();
  /** Ids of the questions that were in the log before this instance started. */
  private readonly past = new Set<string>();
  private readonly since = Date.now();

  constructor(private readonly window: HistoryWindow) {}

  /**
   * Remembers a question that is in the log when this instance starts. It is about an earlier time: a command that is executed later
   * would close new connections of the same user.
   */
  addPast({ id }: SentQuestion<unknown>): void {
    this.past.add(id);
  }

  /**
   * Returns true for a question that this instance has to answer, once.
   * @param isLogged true if it was read from the log, false if it arrived live
   * @throws Error for a question of the future
   */
  take({ id, at }: SentQuestion<unknown>, isLogged: boolean): boolean {
    const now = Date.now();
    if (at > now + CLOCK_LEEWAY_MS) throw new Error('it was sent in the future: check the clocks of the instances');
    if (isLogged && this.past.has(id)) return false;
    if (at < Math.max(this.since, now - this.window.ttlMs) - CLOCK_LEEWAY_MS || this.done.has(id)) return false;
    this.done.add(id);
    if (this.done.size > 2 * this.window.size) this.done.delete(this.done.values().next().value!);
    return true;
  }
}
