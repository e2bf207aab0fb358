import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { eventBody, isEventBody } from '../../protocol/index.js';
import { ClusterSeal } from '../auth/cluster-seal.js';
import { RedisBridge } from '../bridge/redis-bridge.service.js';
import { Broker, type HistoryWindow } from '../broker/broker.js';
import { InstanceDirectory } from '../instances/instance-directory.js';
import { LogLimiter } from '../observability/log-limiter.js';
import { safely } from '../observability/run-safely.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { decodeEventBody } from '../schemas/event-body.js';
import { decode, encode, string } from '../schemas/schema.js';
import { Acks, UNKNOWN_INSTANCE, type ControlResult } from './acks.js';
import { coalesced } from './coalesced.js';
import { ackSchema, sentCommandSchema, type ControlCommand } from './control-command.js';

/** The channels of commands and of confirmations; no client can name them. */
const COMMANDS = '$ctl';
const ACKS = '$ctl-done';
/** An instance that was cut off carries out the commands that it missed: the log keeps this many. */
const HISTORY: HistoryWindow = { size: 1_000, ttlMs: 3_600_000 };
const PUBLISH_TIMEOUT_MS = 10_000;
/** How long an instance has to confirm before it counts as missing, in milliseconds. */
export const CONFIRM_MS = 2_000;
/** How far the clocks of two instances are allowed to differ, in milliseconds. */
export const CLOCK_LEEWAY_MS = 300_000;
/** How long to wait before reading the log again when the broker did not answer, in milliseconds. */
const RETRY_MS = 500;

/** Carries commands out on this instance. */
export interface CommandHandler {
  /** @returns the number of connections concerned */
  execute(command: ControlCommand): Promise<number>;
  /** The log of commands lost its continuity: the broker lost it, or this instance was cut off for longer than it is kept. */
  missed(): void;
}

/** Sends commands to all instances, and has those of all instances carried out here. */
@Injectable()
export class ControlBus implements OnApplicationShutdown {
  private readonly logger = new SafeLogger('Realtime');
  private readonly log = new LogLimiter(this.logger);
  private readonly acks = new Acks();
  /** The ids of commands that were executed, oldest first: a read of the log returns them again. */
  private readonly done = new Set<string>();
  /** The ids of the commands in the log that was there before this instance followed it. */
  private readonly past = new Set<string>();
  /** The instances that lived when the directory was read last. */
  private known: readonly string[] = [];
  private followingSince = Infinity;
  private ended = false;

  constructor(
    private readonly broker: Broker,
    private readonly bridge: RedisBridge,
    private readonly directory: InstanceDirectory,
    private readonly seal: ClusterSeal,
  ) {}

  /** This instance, as the others know it. */
  get instanceId(): string {
    return this.directory.id;
  }

  /** Returns true if there can be no other instance. */
  get isAlone(): boolean {
    return this.directory.isAlone;
  }

  /** Begins to follow the commands of all instances. Resolves once they reach this instance. */
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
   * Sends a command to every instance. Resolves once all that live have carried it out, or did not confirm in time.
   * @throws RealtimeUnavailableError when it could not be sent
   */
  async broadcast(command: ControlCommand, withinMs = CONFIRM_MS): Promise<ControlResult> {
    const id = randomUUID();
    this.acks.expect(id);
    try {
      const sent = encode(sentCommandSchema, { id, at: Date.now(), command });
      await this.publish(COMMANDS, sent, HISTORY, PUBLISH_TIMEOUT_MS);
      // Asked after it was sent: an instance that received it and still lives is among them.
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
    const { directory, broker } = this;
    if (directory.isAlone) return [[directory.id], 1];
    try {
      const [reports, listeners] = await Promise.all([directory.all(), broker.listeners(COMMANDS)]);
      // A directory without this instance has lost its data: those that it held before still count.
      if (reports.has(directory.id)) this.known = [...reports.keys()];
      return [[...new Set([directory.id, ...reports.keys(), ...this.known])], listeners];
    } catch {
      // It was sent, and the broker was lost after that: who received it is not known.
      return [[directory.id, UNKNOWN_INSTANCE], 1];
    }
  }

  /** @param isLogged it comes from a read of the log, and not as it was sent */
  private async take(data: unknown, handler: CommandHandler, isLogged = false): Promise<void> {
    const { id, at, command } = decode(sentCommandSchema, this.open(COMMANDS, data));
    const now = Date.now();
    if (at > now + CLOCK_LEEWAY_MS) throw new Error('it was sent in the future: check the clocks of the instances');
    // A read of the log also returns commands that were sent before this instance started, or were executed already.
    if (isLogged && this.past.has(id)) return;
    if (at < Math.max(this.followingSince, now - HISTORY.ttlMs) - CLOCK_LEEWAY_MS || this.done.has(id)) return;
    this.remember(id);
    const connections = await handler.execute(command);
    const ack = encode(ackSchema, { id, instance: this.directory.id, connections });
    // The sender reports an instance whose confirmation does not arrive.
    await this.publish(ACKS, ack, null, CONFIRM_MS).catch(() => undefined);
  }

  /**
   * Remembers the commands that are in the log when this instance starts. They concern earlier connections; executing
   * them later would close new connections of the same users.
   */
  private async notePast(): Promise<void> {
    for (const data of await this.logged()) {
      try {
        this.past.add(decode(sentCommandSchema, this.open(COMMANDS, data)).id);
      } catch {
        // It is not a command: a read of the log skips it, too.
      }
    }
  }

  /** Carries out what the log holds: after a loss, the first command of a new epoch is in it already. */
  private async readLog(handler: CommandHandler): Promise<void> {
    for (const data of await this.logged()) {
      await this.take(data, handler, true).catch((error: unknown) =>
        this.log.warn('skipped', () => `A control command in the log was skipped: ${String(error)}`),
      );
    }
  }

  /** The `data` of what the log holds. Asks until the broker answers, or this instance ends. */
  private async logged(): Promise<unknown[]> {
    while (!this.ended) {
      try {
        const entries = await this.broker.latest(COMMANDS, HISTORY.size);
        return entries.flatMap(({ body }) => this.dataOf(body));
      } catch {
        await new Promise<void>((resolve) => void setTimeout(resolve, RETRY_MS).unref());
      }
    }
    return [];
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
