import type { Row } from './row.js';

/** How thorough a run of the benchmark is, and who hears of its rows. */
export interface Context {
  /** How often each figure is measured, the servers in turn. */
  readonly runs: number;
  /** Whether it is only a look: fewer subscribers, shorter. */
  readonly quick: boolean;
  /** Deliveries that one figure of a fan-out is made of, at least. */
  readonly deliveries: number;
  readonly done: (row: Row) => void;
}
