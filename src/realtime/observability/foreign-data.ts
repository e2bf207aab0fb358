import type { Counters } from './counters.js';
import { LogLimiter } from './log-limiter.js';
import { SafeLogger } from './safe-logger.js';

/**
 * Counts and logs stored data that no instance of this installation wrote. Such data is skipped.
 * @hideconstructor
 */
export class ForeignData {
  private readonly log = new LogLimiter(new SafeLogger('Realtime'));

  constructor(private readonly counters: Pick<Counters, 'foreignMessages'>) {}

  /**
   * @param what kind of the data, such as `A report in the directory of instances`; each kind is remembered
   * @param error the problem
   */
  skipped(what: string, error: unknown): void {
    this.counters.foreignMessages += 1;
    this.log.warn(what, () => `${what} was skipped: no instance wrote it: ${String(error)}`);
  }
}
