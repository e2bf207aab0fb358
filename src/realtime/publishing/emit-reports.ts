import type { Counters } from '../observability/counters.js';
import { LogLimiter } from '../observability/log-limiter.js';
import { runSafely } from '../observability/run-safely.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { thrownText } from '../observability/thrown-text.js';
import type { EmitAttempt } from './emitted-event.js';
import { showChannel, type EventComposer } from './event-composer.js';
import { failureOf } from './publish-outcome.js';

/** Reports emits: to the observers, and failures to log and metrics. */
export class EmitReports {
  private readonly log = new LogLimiter(new SafeLogger('Realtime'));
  private readonly observers: ((attempt: EmitAttempt) => void | Promise<void>)[] = [];

  constructor(
    private readonly composer: EventComposer,
    private readonly counters: Pick<Counters, 'failedEvents'>,
  ) {}

  get hasObservers(): boolean {
    return this.observers.length > 0;
  }

  observe(callback: (attempt: EmitAttempt) => void | Promise<void>): void {
    this.observers.push(callback);
  }

  /** A failing observer must not make the event fail, because it may be published already. */
  notify(attempt: EmitAttempt): void {
    for (const observer of this.observers) runSafely('An observer of onEmit', () => observer(attempt));
  }

  /**
   * Notifies the observers. A failure of the event is logged and counted, because the caller of `emit` may ignore it.
   * Never throws.
   * @returns the result of the attempt
   */
  announce(attempt: EmitAttempt): EmitAttempt['result'] {
    const { channel, options, result } = attempt;
    result.catch((error: unknown) => {
      const code = failureOf(error);
      this.counters.failedEvents.add(code);
      const pattern = this.composer.patternOf(channel);
      const where = pattern === null ? showChannel(channel) : channel;
      this.log.warn(`${code} ${pattern ?? ''}`, () => `An event to ${where} was not published: ${thrownText(error)}`);
    });
    this.notify({ ...attempt, options: options ?? {} });
    return result;
  }
}
