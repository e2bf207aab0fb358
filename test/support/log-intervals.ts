import { jest } from '@jest/globals';
import { LogLimiter } from '../../src/realtime/observability/log-limiter.js';

let intervals = 0;

/**
 * Begins another interval of the limited log, until `restore`: a spec of the same process can have caused the same failure a second
 * ago, and its line would be missing. The clock stays as it is: Redis, limits and deadlines depend on it.
 */
export function inNextLogInterval(): { restore(): void } {
  intervals += 1;
  const interval = intervals;
  const limiter = LogLimiter.prototype as unknown as {
    pass: (this: LogLimiter, kind: string, ...rest: unknown[]) => void;
  };
  const { pass } = limiter;
  const renamed = jest.spyOn(limiter, 'pass').mockImplementation(function (this: LogLimiter, kind, ...rest) {
    pass.call(this, `${kind} (interval ${interval})`, ...rest);
  });
  return { restore: () => renamed.mockRestore() };
}
