import { Injectable } from '@nestjs/common';
import { ClusterBus, type QuestionKind } from '../cluster-bus.js';
import { SafeLogger } from '../../observability/safe-logger.js';
import {
  commandSchema,
  outcomeOf,
  type CommandOutcome,
  type ControlCommand,
  type SubscribeRefusal,
} from './control-command.js';

const COMMANDS: QuestionKind<ControlCommand, CommandOutcome> = {
  topic: '$ctl',
  message: commandSchema,
  answerTo: outcomeOf,
  log: { size: 1_000, ttlMs: 3_600_000 },
};
/** Time limit for confirmations, in milliseconds. After it, an instance counts as missing. */
export const CONFIRM_MS = 2_000;

/** Stands for an instance that receives commands but is not in the directory (yet). */
export const UNKNOWN_INSTANCE = '(unknown)';

/** The instances that executed a command. */
export interface ControlResult {
  /** Ids of the instances that confirmed the command. */
  readonly confirmed: readonly string[];
  /** Instances that did not confirm in time. They execute the command when it reaches them. */
  readonly missing: readonly string[];
  /** Number of affected connections on the instances that confirmed. */
  readonly connections: number;
  /** Of `subscribe`: the connections that were not subscribed, at most 1,000 of each instance. */
  readonly refusals?: readonly SubscribeRefusal[];
}

/** Executes commands on this instance. */
export interface CommandHandler {
  execute(command: ControlCommand): Promise<CommandOutcome>;
  /**
   * Called if commands may be lost: the broker lost the log, or this instance was disconnected for longer than the log is kept.
   */
  missed(): void;
}

/** Sends commands to all instances, and executes the commands of all instances on this one. */
@Injectable()
export class ControlBus {
  private readonly logger = new SafeLogger('Realtime');

  constructor(private readonly bus: ClusterBus) {}

  /** The id of this instance, as other instances know it. */
  get instanceId(): string {
    return this.bus.instanceId;
  }

  /** True if there can be no other instance. */
  get isAlone(): boolean {
    return this.bus.isAlone;
  }

  /** Subscribes to the commands of all instances. Resolves once they reach this instance. */
  follow(handler: CommandHandler): Promise<void> {
    return this.bus.answer(COMMANDS, {
      answer: (command) => handler.execute(command),
      missed: () => handler.missed(),
    });
  }

  /**
   * Sends a command to all instances. Resolves once all running instances have executed it, or after the time limit.
   * @throws RealtimeUnavailableError if the command could not be sent
   */
  async broadcast(command: ControlCommand, withinMs = CONFIRM_MS): Promise<ControlResult> {
    const { answers, missing: known, unknown } = await this.bus.ask(COMMANDS, command, withinMs);
    const missing = [...known, ...Array.from({ length: unknown }, () => UNKNOWN_INSTANCE)];
    if (missing.length > 0) {
      this.logger.warn(
        `Instances that did not confirm the control command ${command.do} within ${withinMs} ms: ${missing.join(', ')}. They run it when it reaches them`,
      );
    }
    const outcomes = [...answers.values()].map((outcome) =>
      typeof outcome === 'number' ? { connections: outcome, refusals: [] } : outcome,
    );
    const connections = outcomes.reduce((sum, outcome) => sum + outcome.connections, 0);
    const refusals = outcomes.flatMap((outcome) => outcome.refusals);
    const about = command.do === 'subscribe_user' ? { refusals } : {};
    return { confirmed: [...answers.keys()], missing, connections, ...about };
  }
}
