import { format, verdictOf, MODULE, type Row } from '../rows/row.js';
import { median } from '../statistics.js';

/** Contenders with a separate column. The others share the column `others`. */
const COLUMNS = [MODULE, 'ws', 'Socket.IO'];

const HEAD = ['what', 'N', 'B', 'unit', ...COLUMNS, 'others', 'compared with (target)', ''];

/** Returns the table as Markdown: medians of the runs, with minimum and maximum. */
export function markdownTable(rows: readonly Row[]): string {
  const lines = rows.map(cellsOf).map((cells) => `| ${cells.join(' | ')} |`);
  const rule = `| ${HEAD.map((_, index) => (index === 0 || index > 6 ? '---' : '--:')).join(' | ')} |`;
  return [`| ${HEAD.join(' | ')} |`, rule, ...lines].join('\n');
}

/** Returns one row as a line for the terminal. */
export function line(row: Row): string {
  const [what, n, b, unit, ...rest] = cellsOf(row);
  const [own, ws, socketIo, others, against, mark] = rest;
  const peers = [ws && `ws ${ws}`, socketIo && `Socket.IO ${socketIo}`, others].filter(Boolean).join(', ');
  const size = [n && `N = ${n}`, b && `B = ${b}`].filter(Boolean).join(', ');
  return `${mark || ' '} ${what}${size && ` (${size})`}: ${own} ${unit}; ${peers}${against && `; ${against}`}`;
}

function cellsOf(row: Row): string[] {
  const others = Object.keys(row.columns).filter((column) => !COLUMNS.includes(column));
  const verdicts = row.targets.map((target) => verdictOf(row, target));
  return [
    row.what,
    row.n === 0 ? '' : row.n.toLocaleString('en-US'),
    row.b === null ? '' : String(row.b),
    row.unit,
    ...COLUMNS.map((column) => spread(row.columns[column])),
    others.map((column) => `${column}: ${spread(row.columns[column])}`).join('; '),
    verdicts.map(({ text }) => text).join('; '),
    verdicts.length === 0 ? '' : verdicts.every(({ met }) => met) ? '✓' : '✗',
  ];
}

function spread(values: readonly number[] | undefined): string {
  if (values === undefined || values.length === 0) return '';
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const middle = format(median(values));
  return min === max ? middle : `${middle} (${format(min)}–${format(max)})`;
}
