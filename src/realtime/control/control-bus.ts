import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { eventBody, isEventBody } from '../../protocol/index.js';
import { ClusterSeal } from '../auth/cluster-seal.js';
import { RedisBridge } from '../bridge/redis-bridge.service.js';
import { Broker, type HistoryWindow } from '../broker/broker.js';
import { InstanceDirectory } from '../instances/instance-directory.js';
import { InstanceReports } from '../instances/instance-reports.js';
import { LogLimiter } from '../observability/log-limiter.js';
import { safely } from '../observability/run-safely.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { decodeEventBody } from '../schemas/event-body.js';
import { decode, encode, string } from '../schemas/schema.js';
import { retry } from '../timing/retry.js';
import { Acks, UNKNOWN_INSTANCE, type ControlResult } from './acks.js';
import { coalesced } from './coalesced.js';
import { ackSchema, sentCommandSchema, type ControlCommand } from './control-command.js';

/** The channels of commands and confirmations. Clients cannot name them. */
const COMMANDS = '$ctl';
const ACKS = '$ctl-done';
/** Size of the log of commands. After a disconnect, an instance reads the commands that it missed from this log. */
const HISTORY: HistoryWindow = { size: 1_000, ttlMs: 3_600_000 };
const PUBLISH_TIMEOUT_MS = 10_000;
/** Time limit for confirmations, in milliseconds. After it, an instance counts as missing. */
export const CONFIRM_MS = 2_000;
/** Allowed clock difference between two instances, in milliseconds. */
export const CLOCK_LEEWAY_MS = 300_000;
/** Delay before the log is read again after the broker did not answer, in milliseconds. */
const RETRY_MS = 500;

/** Executes commands on this instance. */
export interface CommandHandler {
  /** @returns the number of affected connections */
  execute(command: ControlCommand): Promise<number>;
  /**
   * Called if commands may be lost: the broker lost the log, or this instance was disconnected for longer than the log is kept.
   */
  missed(): void;
}

/** Sends commands to all instances, and executes the commands of all instances on this one. */
@Injectable()
export class ControlBus implements OnApplicationShutdown {
  private readonly logger = new SafeLogger('Realtime');
  private readonly log = new LogLimiter(this.logger);
  private readonly acks = new Acks();
  /** Ids of executed commands, oldest first: a read of the log returns them again. */
  private readonly done = new Set<string>();
  /** Ids of the commands that were in the log before this instance started. */
  private readonly past = new Set<string>();
  /** Running instances at the last successful read of the directory. */
  private known: readonly string[] = [];
  private followingSince = Infinity;
  private ended = false;

  constructor(
    private readonly broker: Broker,
    private readonly bridge: RedisBridge,
    private readonly directory: InstanceDirectory,
    private readonly instances: InstanceReports,
    private readonly seal: ClusterSeal,
  ) {}

  /** The id of this instance, as other instances know it. */
  get instanceId(): string {
    return this.directory.id;
  }

  /** True if there can be no other instance. */
  get isAlone(): boolean {
    return this.directory.isAlone;
  }

  /** Subscribes to the commands of all instances. Resolves once they reach this instance. */
  async follow(handler: CommandHandler): Promise<void> {
    this.followingSince = Date.now();
    this.bridge.follow(ACKS, null, {
      event: (data) => this.acks.add(decode(ackSchema, this.open(ACKS, data))),
      reset: () => undefined,
    });
    const readLog = safely(
      'Reading the log of control commands',
      coalesced(() => this.readLog(handler)),
    );
    this.bridge.follow(COMMANDS, HISTORY, {
      event: (data) => this.take(data, handler),
      reset: () => {
        handler.missed();
        readLog();
      },
    });
    await Promise.all([this.bridge.whenFollowing(ACKS), this.bridge.whenFollowing(COMMANDS)]);
    await this.notePast();
  }

  onApplicationShutdown(): void {
    this.ended = true;
  }

  /**
   * Sends a command to all instances. Resolves once all running instances have executed it, or after the time limit.
   * @throws RealtimeUnavailableError if the command could not be sent
   */
  async broadcast(command: ControlCommand, withinMs = CONFIRM_MS): Promise<ControlResult> {
    const id = randomUUID();
    this.acks.expect(id);
    try {
      const sent = encode(sentCommandSchema, { id, at: Date.now(), command });
      await this.publish(COMMANDS, sent, HISTORY, PUBLISH_TIMEOUT_MS);
      // Read after the command was sent, so that every running instance that received it is included.
      const [instances, listeners] = await this.audience();
      const result = await this.acks.collect(id, instances, listeners, withinMs);
      if (result.missing.length > 0) {
        this.logger.warn(
          `Instances that did not confirm the control command ${command.do} within ${withinMs} ms: ${result.missing.join(', ')}. They run it when it reaches them`,
        );
      }
      return result;
    } finally {
      this.acks.end(id);
    }
  }

  private async audience(): Promise<[instances: readonly string[], listeners: number]> {
    const { directory, instances, broker } = this;
    if (directory.isAlone) return [[directory.id], 1];
    try {
      const [reports, listeners] = await Promise.all([instances.all(), broker.listeners(COMMANDS)]);
      // If this instance is missing in the directory, the directory has lost its data. Instances that were known before still
      // count.
      if (reports.has(directory.id)) this.known = [...reports.keys()];
      return [[...new Set([directory.id, ...reports.keys(), ...this.known])], listeners];
    } catch {
      // The command was sent before the broker became unavailable. It is unknown which instances received it.
      return [[directory.id, UNKNOWN_INSTANCE], 1];
    }
  }

  /** @param isLogged true if the command was read from the log, false if it arrived live */
  private async take(data: unknown, handler: CommandHandler, isLogged = false): Promise<void> {
    const { id, at, command } = decode(sentCommandSchema, this.open(COMMANDS, data));
    const now = Date.now();
    if (at > now + CLOCK_LEEWAY_MS) throw new Error('it was sent in the future: check the clocks of the instances');
    // A read of the log also returns commands from before this instance started, and commands that were already executed.
    if (isLogged && this.past.has(id)) return;
    if (at < Math.max(this.followingSince, now - HISTORY.ttlMs) - CLOCK_LEEWAY_MS || this.done.has(id)) return;
    this.remember(id);
    const connections = await handler.execute(command);
    const ack = encode(ackSchema, { id, instance: this.directory.id, connections });
    // If the confirmation gets lost, the sender reports this instance as missing.
    await this.publish(ACKS, ack, null, CONFIRM_MS).catch(() => undefined);
  }

  /**
   * Remembers the commands that are in the log when this instance starts. They are about earlier connections: executing them
   * later would close new connections of the same users.
   */
  private async notePast(): Promise<void> {
    for (const data of await this.logged()) {
      try {
        this.past.add(decode(sentCommandSchema, this.open(COMMANDS, data)).id);
      } catch {
        // Not a command. Later reads of the log skip it, too.
      }
    }
  }

  /** Executes the commands in the log. After a loss, the log already contains the first command of the new epoch. */
  private async readLog(handler: CommandHandler): Promise<void> {
    for (const data of await this.logged()) {
      await this.take(data, handler, true).catch((error: unknown) =>
        this.log.warn('skipped', () => `A control command in the log was skipped: ${String(error)}`),
      );
    }
  }

  /** Returns the `data` of all entries in the log. Retries until the broker answers, or this instance shuts down. */
  private async logged(): Promise<unknown[]> {
    const read = (): ReturnType<Broker['latest']> => this.broker.latest(COMMANDS, HISTORY.size);
    const entries = await retry(read, RETRY_MS, () => this.ended);
    return (entries ?? []).flatMap(({ body }) => this.dataOf(body));
  }

  private dataOf(body: string): unknown[] {
    if (!isEventBody(COMMANDS, body)) return [];
    try {
      return [decodeEventBody(body).data];
    } catch (error) {
      this.log.warn('skipped', () => `A control command in the log was skipped: ${String(error)}`);
      return [];
    }
  }

  private remember(id: string): void {
    this.done.add(id);
    if (this.done.size > 2 * HISTORY.size) this.done.delete(this.done.values().next().value!);
  }

  private open(purpose: string, data: unknown): string {
    return this.seal.open(purpose, string().read(data, 'it'));
  }

  private async publish(
    channel: string,
    text: string,
    history: HistoryWindow | null,
    timeoutMs: number,
  ): Promise<void> {
    const body = eventBody(channel, JSON.stringify(this.seal.seal(channel, text)), new Date().toISOString());
    await this.broker.publish({ topic: channel, body, history, timeoutMs });
  }
}
