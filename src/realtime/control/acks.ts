import type { Ack } from './control-command.js';

/** The instances that executed a command. */
export interface ControlResult {
  /** Ids of the instances that confirmed the command. */
  readonly confirmed: readonly string[];
  /** Instances that did not confirm in time. They execute the command when it reaches them. */
  readonly missing: readonly string[];
  /** Number of affected connections on the instances that confirmed. */
  readonly connections: number;
}

/** Stands for an instance that receives commands but is not in the directory (yet). */
export const UNKNOWN_INSTANCE = '(unknown)';

interface Waiting {
  readonly acks: Map<string, Ack>;
  check(): void;
}

/** Collects the confirmations of commands. */
export class Acks {
  private readonly waiting = new Map<string, Waiting>();

  /** Starts collecting. Call it before the command is sent, because a confirmation can arrive very quickly. */
  expect(id: string): void {
    this.waiting.set(id, { acks: new Map(), check: () => undefined });
  }

  add(ack: Ack): void {
    const entry = this.waiting.get(ack.id);
    entry?.acks.set(ack.instance, ack);
    entry?.check();
  }

  /**
   * Resolves when all instances have confirmed, or after the time limit.
   * @param instances ids of the running instances
   * @param listeners number of instances that are subscribed to commands, including unknown ones
   */
  async collect(id: string, instances: readonly string[], listeners: number, withinMs: number): Promise<ControlResult> {
    const { acks } = this.waiting.get(id)!;
    const isComplete = (): boolean => acks.size >= listeners && instances.every((instance) => acks.has(instance));
    if (!isComplete()) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        const check = (): void => {
          if (!isComplete()) return;
          clearTimeout(timer);
          resolve();
        };
        this.waiting.set(id, { acks, check });
      });
    }
    const missing = instances.filter((instance) => !acks.has(instance));
    const unknown = Math.max(0, listeners - acks.size - missing.length);
    return {
      confirmed: [...acks.keys()],
      missing: [...missing, ...Array.from({ length: unknown }, () => UNKNOWN_INSTANCE)],
      connections: [...acks.values()].reduce((sum, { connections }) => sum + connections, 0),
    };
  }

  end(id: string): void {
    this.waiting.delete(id);
  }
}
