import type { StreamEndState } from '../../protocol/index.js';
import { CounterMap } from '../observability/counter-map.js';
import type { Counters } from '../observability/counters.js';

const END_STATES: readonly StreamEndState[] = ['done', 'failed', 'cancelled'];

/** Streams of one pattern that one instance wrote. */
export interface StreamReport {
  readonly pattern: string;
  /** Bytes that the instance wrote since its start. */
  readonly bytes: number;
  /** Streams that ended on the instance since its start, by state. */
  readonly ended: readonly { readonly label: string; readonly count: number }[];
}

/** Counts the streams that this instance writes, for metrics and operators. */
export class StreamActivity {
  private readonly endings = new Map<string, CounterMap>();

  /** @param patterns labels of the channels that are streams */
  constructor(
    private readonly counters: Counters,
    patterns: Iterable<string>,
  ) {
    for (const pattern of patterns) {
      this.endings.set(pattern, new CounterMap(END_STATES));
      counters.streamBytes.add(pattern, 0);
    }
  }

  /** Labels of the channels that are streams. */
  get patterns(): Iterable<string> {
    return this.endings.keys();
  }

  appended(pattern: string, bytes: number): void {
    this.counters.streamAppends += 1;
    this.counters.streamBytes.add(pattern, bytes);
  }

  ended(pattern: string, state: StreamEndState): void {
    this.counters.streamsEnded.add(state);
    this.endings.get(pattern)?.add(state);
  }

  /** Runs a request to cancel a stream, and measures how long it takes. */
  async cancelling<Outcome extends string>(request: () => Promise<Outcome>): Promise<Outcome> {
    const start = performance.now();
    const outcome = await request();
    this.counters.measurements?.streamCancelled?.(outcome, (performance.now() - start) / 1_000);
    return outcome;
  }

  report(): StreamReport[] {
    return [...this.endings].map(([pattern, ended]) => ({
      ...{ pattern, bytes: this.counters.streamBytes.get(pattern) },
      ended: [...ended].map(([label, count]) => ({ label, count })),
    }));
  }
}
