/** Name, unit and meaning of a metric. */
export interface MetricDefinition {
  readonly name: string;
  /** `counter` only grows. `upDown` can be added up over instances, `gauge` cannot. */
  readonly kind: 'counter' | 'upDown' | 'gauge' | 'histogram';
  /** UCUM unit: `s`, `By`, or the counted thing in braces. */
  readonly unit: string;
  readonly description: string;
  readonly attributes?: readonly string[];
  /** Upper bounds of a histogram's buckets. */
  readonly boundaries?: readonly number[];
}

/** Attribute of metrics that are counted by channel. */
export const CHANNEL_PATTERN = 'realtime.channel.pattern';

/** Boundaries from 1 ms, the resolution of event timestamps, to 10 s, the longest wait of an `emit`. */
export const SECONDS = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
