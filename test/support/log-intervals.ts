import { jest } from '@jest/globals';

/** More than the ten seconds in which the module logs a failure of one kind once. */
const INTERVAL_MS = 20_000;

let intervals = 0;

/**
 * Begins another interval of the limited log, until `restore`: a spec of the same process can have caused the same failure a second
 * ago, and its line would be missing.
 */
export function inNextLogInterval(): { restore(): void } {
  intervals += 1;
  const ahead = intervals * INTERVAL_MS;
  const now = performance.now.bind(performance);
  const later = jest.spyOn(performance, 'now').mockImplementation(() => now() + ahead);
  return { restore: () => later.mockRestore() };
}
