import type { StateErrorCode } from '../../protocol/index.js';
import type { Counters } from '../observability/counters.js';
import { OutcomeStatistics, type OutcomeReport } from '../observability/outcome-statistics.js';

/** Outcome of a load: `loaded`, or the reason of its failure. */
export type LoadOutcome = 'loaded' | StateErrorCode;

/** How a state was changed: by `patch` or `set`, by the `difference` that a load found, or by an order to `reload` it whole. */
export type StateChange = 'patch' | 'set' | 'difference' | 'reload';

/** The last load of a channel on one instance. */
export interface LastLoad {
  /** Time of its end, in milliseconds since 1970. */
  readonly at: number;
  /** Its duration in milliseconds. */
  readonly ms: number;
  readonly outcome: LoadOutcome;
}

/** Loads of one live resource on one instance. */
export interface LoadReport extends OutcomeReport {
  readonly pattern: string;
}

/** Number of channels whose last load is kept. */
const MAX_LAST_LOADS = 10_000;

/** Counts loads, changes and sent states of this instance, for metrics and operators. */
export class StateActivity {
  private readonly loads = new Map<string, OutcomeStatistics>();
  private readonly last = new Map<string, LastLoad>();

  /** @param patterns of the live resources */
  constructor(
    private readonly counters: Counters,
    patterns: Iterable<string>,
  ) {
    for (const pattern of patterns) {
      this.loads.set(pattern, new OutcomeStatistics(performance.now()));
      counters.statesSent.add(pattern, 0);
      counters.stateBytesSent.add(pattern, 0);
    }
  }

  /** A load ended. */
  loaded(pattern: string, topic: string, outcome: LoadOutcome, ms: number): void {
    this.loads.get(pattern)?.ended(outcome, ms, performance.now());
    this.last.delete(topic);
    this.last.set(topic, { at: Date.now(), ms, outcome });
    if (this.last.size > MAX_LAST_LOADS) this.last.delete(this.last.keys().next().value!);
    this.counters.measurements?.stateLoaded?.(pattern, outcome, ms / 1_000);
  }

  /** A client waits while another instance loads. */
  waited(): void {
    this.counters.stateWaits += 1;
  }

  /** A change was published. */
  changed(change: StateChange): void {
    this.counters.stateChanges.add(change);
  }

  /** A state was sent to one client. */
  sent(pattern: string, bytes: number): void {
    this.counters.statesSent.add(pattern);
    this.counters.stateBytesSent.add(pattern, bytes);
  }

  /** @returns `null` if this instance has not loaded the channel, or too long ago */
  lastLoadOf(topic: string): LastLoad | null {
    return this.last.get(topic) ?? null;
  }

  report(): LoadReport[] {
    const now = performance.now();
    return [...this.loads].map(([pattern, loads]) => ({ pattern, ...loads.report(now) }));
  }
}
