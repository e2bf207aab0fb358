import type { ServerFrame } from '../protocol/index.js';
import { RealtimeError } from './errors.js';

interface Waiting {
  readonly resolve: (frame: ServerFrame) => void;
  readonly reject: (error: RealtimeError) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Requests that wait for their answers, by `ref`. */
export class Requests {
  // ref → who waits
  readonly #waiting = new Map<string, Waiting>();
  #count = 0;

  constructor(private readonly timeoutMs: number) {}

  /** @param send is given the `ref` to send along */
  ask(send: (ref: string) => void): Promise<ServerFrame> {
    return new Promise((resolve, reject) => {
      this.#count += 1;
      const ref = `r${this.#count}`;
      const timer = setTimeout(() => {
        this.#waiting.delete(ref);
        reject(new RealtimeError('timeout', `No answer within ${this.timeoutMs} ms`));
      }, this.timeoutMs);
      this.#waiting.set(ref, { resolve, reject, timer });
      send(ref);
    });
  }

  /** @returns whether somebody waited for this frame */
  settle(frame: ServerFrame): boolean {
    const waiting = 'ref' in frame && frame.ref !== undefined ? this.#waiting.get(frame.ref) : undefined;
    if (waiting === undefined) return false;
    this.#waiting.delete((frame as { ref: string }).ref);
    clearTimeout(waiting.timer);
    if (frame.type === 'error') waiting.reject(errorOf(frame));
    else waiting.resolve(frame);
    return true;
  }

  /** There will be no more answers. */
  end(reason: string): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new RealtimeError('not_connected', `The connection ended: ${reason}`));
    }
    this.#waiting.clear();
  }
}

/** An `error` frame as an error. */
export function errorOf({ code, message, channel, details }: Extract<ServerFrame, { type: 'error' }>): RealtimeError {
  return new RealtimeError(code, message, channel, undefined, details);
}
