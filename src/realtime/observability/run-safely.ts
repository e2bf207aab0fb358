import { LogLimiter } from './log-limiter.js';
import { SafeLogger } from './safe-logger.js';

const log = new LogLimiter(new SafeLogger('Realtime'));

/**
 * Runs work that starts at an entry point: a callback of a socket, an HTTP request, a timer, an observer or a Nest hook.
 * An error there would end the process. Here it is logged, at most once in ten seconds per name.
 * @param name of the work, for the log; from a small fixed set, such as `An upgrade`
 * @param onFailure ends only the object of the work, for example one socket
 */
export function runSafely(name: string, work: () => unknown, onFailure?: () => void): void {
  attempt(name, work, undefined, NO_ARGUMENTS, onFailure);
}

/** Returns {@link runSafely} as a listener: `setInterval(safely('The sweep', () => this.sweep()), 1_000)`. */
export function safely<A extends unknown[], This = void>(
  name: string,
  work: (this: This, ...args: A) => unknown,
  onFailure?: (this: This) => void,
): (this: This, ...args: A) => void {
  return function (this: This, ...args: A): void {
    attempt(name, work, this, args, onFailure);
  };
}

const NO_ARGUMENTS: [] = [];

function attempt<A extends unknown[], This>(
  name: string,
  work: (this: This, ...args: A) => unknown,
  self: This,
  args: A,
  onFailure: ((this: This) => void) | undefined,
): void {
  try {
    const pending = work.apply(self, args);
    if (isThenable(pending)) {
      pending.then(undefined, (error: unknown) => reportFailure(name, error, onFailure?.bind(self)));
    }
  } catch (error) {
    reportFailure(name, error, onFailure?.bind(self));
  }
}

/**
 * Logs the failure of an entry point that has its own `try`, so that it can continue with the next of several items.
 * Never throws.
 */
export function reportFailure(name: string, error: unknown, onFailure?: () => void): void {
  log.error(name, `${name} failed`, error);
  try {
    onFailure?.();
  } catch (failure) {
    log.error(`${name}: cleanup`, `${name} failed, and so did its cleanup`, failure);
  }
}

/** Returns true for a promise, or another object with a method `then`. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
