import type { FaultMark } from '../log.js';

/** Measures the time without faults. */
export class HealthyTime {
  /** Sorted and without overlaps. */
  private readonly faults: { readonly from: number; readonly to: number }[] = [];

  constructor(faults: readonly Pick<FaultMark, 'from' | 'to'>[]) {
    for (const { from, to } of faults.toSorted((a, b) => a.from - b.from)) {
      const last = this.faults.at(-1);
      if (last === undefined || from > last.to) this.faults.push({ from, to });
      else this.faults.splice(-1, 1, { from: last.from, to: Math.max(last.to, to) });
    }
  }

  /** Returns the milliseconds without a fault between two times. */
  between(from: number, to: number): number {
    let healthy = Math.max(0, to - from);
    for (const fault of this.faults) healthy -= Math.max(0, Math.min(to, fault.to) - Math.max(from, fault.from));
    return Math.max(0, healthy);
  }
}
