import type { Row } from './row.js';

/** Thoroughness of a benchmark run, and the receiver of its rows. */
export interface Context {
  /** Number of times that each value is measured, with the servers in turn. */
  readonly runs: number;
  /** True for a quick run with fewer subscribers and less time. */
  readonly quick: boolean;
  /** Minimum number of deliveries for one value of a fan-out. */
  readonly deliveries: number;
  readonly done: (row: Row) => void;
}
