import { AsyncLocalStorage } from 'node:async_hooks';
import { Subscription } from 'rxjs';
import { runSafely } from '../observability/run-safely.js';

/** The application message that the running code handles. */
const current = new AsyncLocalStorage<RunningMessage>();

/** An application message that is being handled by `@SubscribeMessage`. */
export class RunningMessage {
  /** True if the message ended before its handler: after the time limit, or because the connection closed. */
  abandoned = false;
  /** Releases the resources of the message, however it ends. */
  readonly ending = new Subscription();

  constructor(
    readonly connection: object,
    readonly type: string,
    readonly ref: string | undefined,
    /** Size of the message while it has no reply, in bytes; 0 once it has one. */
    public unansweredBytes: number,
  ) {}

  /** Runs code as part of this message: what the code sends to the connection has the message's `ref`. */
  run<T>(code: () => T): T {
    return current.run(this, code);
  }

  /** Ends the message. Never throws, although teardown code of the application may throw when the Observable is unsubscribed. */
  end(): void {
    runSafely('The end of an application message', () => this.ending.unsubscribe());
  }

  /** Ends the message although its handler may still be running. Later replies are not sent. */
  abandon(): void {
    this.abandoned = true;
    this.end();
  }
}

/** Returns the message of this connection that the running code handles. */
export function runningMessageOf(connection: object): RunningMessage | undefined {
  const message = current.getStore();
  return message?.connection === connection ? message : undefined;
}
