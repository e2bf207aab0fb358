import { AsyncLocalStorage } from 'node:async_hooks';
import { Subscription } from 'rxjs';
import { runSafely } from '../observability/run-safely.js';

/** The application message whose handler the running code belongs to. */
const current = new AsyncLocalStorage<RunningMessage>();

/** One application message that a handler of `@SubscribeMessage` is answering. */
export class RunningMessage {
  /** The message ended before its handler did: by the time limit, or because the connection closed. */
  abandoned = false;
  /** Releases what the message holds, however it ends. */
  readonly ending = new Subscription();

  constructor(
    readonly connection: object,
    readonly type: string,
    readonly ref: string | undefined,
    /** The size of a message that has no answer yet, in bytes; 0 once it is answered. */
    public unansweredBytes: number,
  ) {}

  /** Runs code as a part of this message: what it sends to the connection carries the message's `ref`. */
  run<T>(code: () => T): T {
    return current.run(this, code);
  }

  /** Never throws: what unsubscribes from the handler's Observable is the application's. */
  end(): void {
    runSafely('The end of an application message', () => this.ending.unsubscribe());
  }

  /** Ends the message although its handler may still run: its later answers are not sent. */
  abandon(): void {
    this.abandoned = true;
    this.end();
  }
}

/** Returns the message of this connection that the running code answers. */
export function runningMessageOf(connection: object): RunningMessage | undefined {
  const message = current.getStore();
  return message?.connection === connection ? message : undefined;
}
