import { safely } from '../observability/run-safely.js';
import { currentCause } from '../publishing/current-cause.js';
import { toJson } from '../publishing/event-json.js';
import { RunningCall } from './running-call.js';

/** Minimum time between two progress frames of a call, in milliseconds. A newer value replaces one that waits. */
const PROGRESS_MS = 50;

type Handler = (this: object, ...args: unknown[]) => unknown;

/**
 * Returns a handler that sends what an async generator yields as progress of the running call, and returns its result. It
 * inherits the metadata of the handler.
 */
export function withProgress(handler: Handler): Handler {
  const wrapped: Handler = function (...args) {
    const result = handler.apply(this, args);
    return isAsyncGenerator(result) ? drain(result) : result;
  };
  Object.defineProperty(wrapped, 'name', { value: handler.name });
  return Object.setPrototypeOf(wrapped, handler) as Handler;
}

async function drain(generator: AsyncGenerator): Promise<unknown> {
  const call = currentCause();
  if (!(call instanceof RunningCall)) throw new Error('A command with progress was called outside of a call');
  const pace = new Pace((json) => call.progress(json));
  try {
    for (;;) {
      const { value, done } = await generator.next();
      if (done === true) {
        pace.flush();
        return value;
      }
      if (call.decided !== null) {
        // The caller has cancelled the call. The generator's `finally` blocks run.
        await generator.return(undefined);
        return undefined;
      }
      pace.send(toJson(value));
    }
  } finally {
    pace.stop();
  }
}

function isAsyncGenerator(value: unknown): value is AsyncGenerator {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value && 'return' in value;
}

/** Sends the newest value at most once in {@link PROGRESS_MS}. */
class Pace {
  private sentAt = -Infinity;
  private waiting: string | null = null;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly write: (json: string) => void) {}

  send(json: string): void {
    this.waiting = json;
    const waitMs = this.sentAt + PROGRESS_MS - performance.now();
    if (waitMs <= 0) this.flush();
    else
      this.timer ??= setTimeout(
        safely('The progress of a command', () => this.flush()),
        waitMs,
      );
  }

  flush(): void {
    this.stop();
    const json = this.waiting;
    if (json === null) return;
    this.waiting = null;
    this.sentAt = performance.now();
    this.write(json);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
