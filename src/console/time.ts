/** Formats a time as 07:33:27, or with the day if it is not today: an operator compares it with logs. */
export function timeText(timestamp: string, now = new Date()): string {
  const date = new Date(timestamp);
  const time = date.toLocaleTimeString('en-GB');
  if (date.toDateString() === now.toDateString()) return time;
  const year = date.getFullYear() === now.getFullYear() ? {} : ({ year: 'numeric' } as const);
  return `${date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', ...year })} ${time.slice(0, 5)}`;
}

/** Formats a time with its date, as 30 Nov 2026, 07:33:27. */
export function dateText(timestamp: string): string {
  return new Date(timestamp).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
}
