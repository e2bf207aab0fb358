import type { Ack } from './control-command.js';

/** The instances that ran a command. */
export interface ControlResult {
  /** The ids of the instances that carried it out. */
  readonly confirmed: readonly string[];
  /** Instances that did not confirm in time. They run the command when it reaches them. */
  readonly missing: readonly string[];
  /** The number of connections that it concerned, on the instances that confirmed. */
  readonly connections: number;
}

/** An instance that follows the commands, and is not in the directory (yet). */
export const UNKNOWN_INSTANCE = '(unknown)';

interface Waiting {
  readonly acks: Map<string, Ack>;
  check(): void;
}

/** Collects the confirmations of commands. */
export class Acks {
  private readonly waiting = new Map<string, Waiting>();

  /** Begins to collect: call it before the command is sent, for a confirmation can be very quick. */
  expect(id: string): void {
    this.waiting.set(id, { acks: new Map(), check: () => undefined });
  }

  add(ack: Ack): void {
    const entry = this.waiting.get(ack.id);
    entry?.acks.set(ack.instance, ack);
    entry?.check();
  }

  /**
   * Resolves when all instances have confirmed, or the time is over.
   * @param instances known to be alive
   * @param listeners number of instances that are subscribed to commands, known or not
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
