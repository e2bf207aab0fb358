import { setImmediate as nextTurn } from 'node:timers/promises';
import { ProtocolError } from '../../protocol/index.js';
import { safely } from '../observability/run-safely.js';
import { causeOfContext } from '../publishing/current-cause.js';
import { toJson } from '../publishing/event-json.js';
import { RunningCall } from './running-call.js';

/** Minimum time between two progress frames of a call, in milliseconds. A newer value replaces one that waits. */
const PROGRESS_MS = 50;

/** Maximum size of one value as JSON, in bytes. */
const MAX_BYTES = 65_536;

/** Time after which a generator that does not wait lets other work run, in milliseconds. */
const TURN_MS = 10;

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
  const call = causeOfContext();
  if (!(call instanceof RunningCall)) throw new Error('A command with progress was called outside of a call');
  const pace = new Pace((json) => call.progress(json));
  let isDone = false;
  let turnAt = performance.now();
  try {
    for (;;) {
      const { value, done } = await generator.next();
      if (done === true) {
        isDone = true;
        pace.flush();
        return value;
      }
      if (call.decided !== null) return undefined; // the caller has cancelled the call
      pace.send(jsonOf(value));
      if (performance.now() - turnAt < TURN_MS) continue;
      // A generator that never waits would block timers and other connections.
      await nextTurn();
      turnAt = performance.now();
    }
  } finally {
    pace.stop();
    // Its `finally` blocks run.
    if (!isDone) await generator.return(undefined);
  }
}

/** @throws InvalidEventError, or ProtocolError `too_large` */
function jsonOf(value: unknown): string {
  const json = toJson(value);
  if (Buffer.byteLength(json) <= MAX_BYTES) return json;
  throw new ProtocolError('too_large', { message: `A value of the progress has more than ${MAX_BYTES} bytes` });
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
