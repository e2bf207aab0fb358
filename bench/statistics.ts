/** Returns the median. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Returns the quantile at this fraction. It is the nearest value; only the median interpolates. */
export function quantile(values: readonly number[], part: number): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const at = part * (sorted.length - 1);
  return part === 0.5 ? (sorted[Math.floor(at)]! + sorted[Math.ceil(at)]!) / 2 : sorted[Math.ceil(at)]!;
}
