let millisecond = NaN;
let text = '';

/** Returns the time as ISO 8601 in UTC. Formatting costs a microsecond, so the text of each millisecond is kept. */
export function isoNow(now = Date.now()): string {
  if (now !== millisecond) {
    millisecond = now;
    text = new Date(now).toISOString();
  }
  return text;
}
