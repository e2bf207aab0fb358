import type { Call, CallOptions, RealtimeClient, Stop } from '../client/index.js';
import { callListener } from '../client/emitter.js';

/** State of the last call of a command. The object is immutable: a view can keep it. */
export interface CommandView<Output = unknown, Progress = unknown> {
  readonly state: 'idle' | 'pending' | 'error';
  /** Output of the last call that succeeded. */
  readonly data: Output | undefined;
  /** With `error`: mostly a `RealtimeError`. */
  readonly error: unknown;
  /** With `pending`: the last progress of the command. */
  readonly progress: Progress | undefined;
}

/** State of a command that was not called yet. */
export const NOT_CALLED: CommandView<never, never> = {
  state: 'idle',
  data: undefined,
  error: undefined,
  progress: undefined,
};

/** Calls a command, and shows the state of its last call. Forgets it when the client continues as another user. */
export class CommandState {
  private view: CommandView = NOT_CALLED;
  private current: Call | null = null;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly client: RealtimeClient,
    private readonly start: (input: unknown, options: CallOptions) => Call,
  ) {}

  readonly snapshot = (): CommandView => this.view;

  readonly subscribe = (changed: () => void): Stop => {
    this.listeners.add(changed);
    const stop = this.client.on('identity', (identity) => {
      if (identity === null) this.reset();
    });
    return () => {
      this.listeners.delete(changed);
      stop();
    };
  };

  /** The promise of the call needs no handler, because the view shows its error. */
  readonly call = (input?: unknown, options: CallOptions = {}): Call => {
    const own = this.start(input, options);
    this.current = own;
    this.show({ ...this.view, state: 'pending', error: undefined, progress: undefined });
    own.then(
      (data) => this.end(own, { ...NOT_CALLED, data }),
      (error: unknown) => this.end(own, { ...this.view, state: 'error', error, progress: undefined }),
    );
    void this.follow(own);
    return own;
  };

  /** Cancels the pending call. */
  readonly cancel = (): void => this.current?.cancel();

  /** Shows the state before the first call. A pending call continues. */
  readonly reset = (): void => {
    this.current = null;
    this.show(NOT_CALLED);
  };

  private async follow(own: Call): Promise<void> {
    for await (const progress of own.progress) if (this.current === own) this.show({ ...this.view, progress });
  }

  private end(own: Call, view: CommandView): void {
    if (this.current !== own) return;
    this.current = null;
    this.show(view);
  }

  private show(view: CommandView): void {
    if (view === this.view) return;
    this.view = view;
    // A view that throws must not keep the state from the others.
    for (const changed of [...this.listeners]) void callListener(changed, undefined);
  }
}
