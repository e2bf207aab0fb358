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
