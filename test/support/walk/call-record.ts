import { RealtimeError } from '../../../src/client/index.js';
import type { FakeCall, FakeHandlers } from '../../../src/testing/index.js';

/** Time for which the server keeps outcomes, in milliseconds: breaks of a walk can be longer. */
export const WINDOW_MS = 30_000;

/** Input of the commands of a walk. */
export interface WalkInput {
  /** Time that the handler takes, in milliseconds. */
  readonly ms: number;
  /** Channels on which it publishes. */
  readonly channels: readonly string[];
  /** Publishes after the result, like an outbox. */
  readonly isLater: boolean;
  readonly fails: boolean;
  /** Number of answers `in_progress` before it runs. */
  readonly busy: number;
}

/** One call, as the server saw it. */
export interface RecordedCall {
  /** Users for whom the handler ran. */
  readonly users: (string | null)[];
  /** Effects with their positions, as `channel id`. */
  readonly effects: string[];
  /** Answers `in_progress` so far. */
  refused: number;
}

/** The commands of a walk: `walk.do` runs once for each id, `walk.read` any number of times. Records each run. */
export class CallRecord {
  readonly calls = new Map<string, RecordedCall>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  readonly handlers = {
    'walk.do': (input: WalkInput, call: FakeCall) => this.#run(input, call),
    'walk.read': (input: WalkInput, call: FakeCall) => this.#run({ ...input, channels: [] }, call),
  } as FakeHandlers;

  constructor(private readonly positionOf: (channel: string) => string | undefined) {}

  of(callId: string): RecordedCall {
    let known = this.calls.get(callId);
    if (!known) this.calls.set(callId, (known = { users: [], effects: [], refused: 0 }));
    return known;
  }

  /** Ends handlers that still wait. */
  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  async #run(input: WalkInput, running: FakeCall): Promise<number> {
    const { callId, user, signal } = running;
    const record = this.of(callId);
    if (record.refused < input.busy) {
      record.refused += 1;
      throw new RealtimeError('in_progress', 'it runs elsewhere');
    }
    record.users.push(user?.userId ?? null);
    running.progress('begins');
    if (input.ms > 0) await this.#delay(input.ms);
    if (signal.aborted) return -1;
    for (const channel of input.channels) {
      const [epoch, offset] = this.positionOf(channel)!.split('-');
      record.effects.push(`${channel} ${epoch}-${Number(offset) + 1}`);
      if (input.isLater) running.publishLater(channel, {});
      else running.publish(channel, {});
    }
    if (input.fails) throw new RealtimeError('conflict', 'it fails');
    return record.users.length;
  }

  #delay(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, ms);
      this.#timers.add(timer);
    });
  }
}
