/** Formats a number with separators. */
export function countText(count: number): string {
  return count.toLocaleString('en');
}

/** Formats a duration; a dash without one. */
export function msText(ms: number | undefined): string {
  if (ms === undefined) return '–';
  return ms < 1_000
    ? `${ms.toLocaleString('en', { maximumSignificantDigits: 3 })} ms`
    : `${(ms / 1_000).toPrecision(3)} s`;
}
