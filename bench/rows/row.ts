import { median } from '../statistics.js';

/** Column that the targets apply to. */
export const MODULE = 'this module';

/** A target. Less is better, except for `more` and `at least`. */
export type Target =
  /** Cheaper than another column: `times: 1.25` means 1.25 × cheaper. */
  | { readonly kind: 'cheaper'; readonly than: string; readonly times: number }
  | { readonly kind: 'more'; readonly than: string; readonly times: number }
  | { readonly kind: 'within'; readonly of: string; readonly times: number }
  | { readonly kind: 'at most'; readonly value: number }
  | { readonly kind: 'at least'; readonly value: number };

/** One row of the table: the measured values and the targets. */
export interface Row {
  /** Group, as named by `--only`. */
  readonly group: string;
  readonly what: string;
  readonly unit: string;
  /** Number of subscribers or connections. */
  readonly n: number;
  /** Events per turn of the event loop; `null` without batches. */
  readonly b: number | null;
  /** column → one value for each run */
  readonly columns: Readonly<Record<string, readonly number[]>>;
  readonly targets: readonly Target[];
}

export interface Verdict {
  readonly text: string;
  readonly met: boolean;
}

const SLACK = 1e-9;

/** Compares the medians with one target. */
export function verdictOf({ columns, unit }: Row, target: Target): Verdict {
  const own = median(columns[MODULE]!);
  const other = 'than' in target ? median(columns[target.than]!) : 'of' in target ? median(columns[target.of]!) : NaN;
  switch (target.kind) {
    case 'cheaper':
      return ratio(other / own, `of ${target.than}`, '≥', target.times);
    case 'more':
      return ratio(own / other, `of ${target.than}`, '≥', target.times);
    case 'within':
      return ratio(own / other, `of ${target.of}`, '≤', target.times);
    case 'at most':
      return { text: `≤ ${format(target.value)} ${unit}`, met: own <= target.value };
    case 'at least':
      return { text: `≥ ${format(target.value)} ${unit}`, met: own >= target.value };
  }
}

function ratio(value: number, of: string, sign: '≥' | '≤', bound: number): Verdict {
  const met = sign === '≥' ? value >= bound - SLACK : value <= bound + SLACK;
  const verb = sign === '≥' ? 'better than' : 'of';
  return { text: `${value.toFixed(2)} × ${verb} ${of.slice(3)} (${sign} ${bound} ×)`, met };
}

/** Formats a number with three significant digits. */
export function format(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en-US');
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
