import type { Counters } from './counters.js';
import { LogLimiter } from './log-limiter.js';
import { SafeLogger } from './safe-logger.js';

/** Counts and logs what is in Redis although no instance of this installation wrote it. It is skipped. */
export class ForeignData {
  private readonly log = new LogLimiter(new SafeLogger('Realtime'));

  constructor(private readonly counters: Pick<Counters, 'foreignMessages'>) {}

  /**
   * @param what one of few: `A report in the directory of instances`
   * @param error says what is wrong with it
   */
  skipped(what: string, error: unknown): void {
    this.counters.foreignMessages += 1;
    this.log.warn(what, () => `${what} was skipped: no instance wrote it: ${String(error)}`);
  }
}
