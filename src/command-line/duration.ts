const UNITS = [
  ['day', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** Formats a duration in its largest unit, such as `59 min`. The sign is dropped. */
export function durationText(ms: number): string {
  const size = Math.abs(ms);
  for (const [unit, length] of UNITS) {
    if (size < length) continue;
    const count = size < 10 * length ? Math.floor((10 * size) / length) / 10 : Math.floor(size / length);
    return `${count} ${unit}${unit === 'day' && count !== 1 ? 's' : ''}`;
  }
  return `${size < 10 ? Math.round(size * 10) / 10 : Math.round(size)} ms`;
}

/** Formats a time relative to now, such as `in 59 min` or `3 days ago`. */
export function relativeText(time: number, now: number): string {
  return time >= now ? `in ${durationText(time - now)}` : `${durationText(now - time)} ago`;
}
