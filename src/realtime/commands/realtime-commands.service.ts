import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, ModuleRef } from '@nestjs/core';
import { ProtocolError, type CommandSupport } from '../../protocol/index.js';
import type { Principal } from '../auth/principal.js';
import { ChannelPolicyService } from '../channels/channel-policy.service.js';
import { ClassRulesError } from '../channels/fields/class-rules.js';
import type { Connection, PendingCall } from '../connections/connection.js';
import { AuditLog } from '../gateway/audit/audit-log.service.js';
import { HandlerCreator } from '../nest/context-creator.js';
import { Counters } from '../observability/counters.js';
import { safely } from '../observability/run-safely.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import { CallJournal } from './call-journal.js';
import type { CallOutcome } from './call-outcome.js';
import { CallRecords } from './call-records.js';
import { CallRunner, type CallRequest, type LoadedCommand } from './call-runner.js';
import { CallStore } from './call-store.js';
import { invokerOf } from './command-invoker.js';
import { CommandOutput } from './command-output.js';
import { CommandStatistics, type CommandReport } from './command-statistics.js';
import { findCommands, type FoundCommand } from './find-commands.js';
import type { CallOrigin, CallReply } from './running-call.js';
import { validateInput } from './validate-input.js';

/** Interval at which the incarnation of the store is read, and until it was read once, in milliseconds. */
const EPOCH_MS = 10_000;
const FIRST_EPOCH_MS = 200;
/** Time for which a shutdown waits for calls of clients that have left, in milliseconds. Later they count as interrupted. */
const SHUTDOWN_MS = 3_000;

const LEAVING = new ProtocolError('unavailable', {
  message: 'This instance is shutting down: send the call again over the next connection',
});

/**
 * Finds the methods with `@Command`, and runs the calls of clients.
 * @hideconstructor
 */
@Injectable()
export class RealtimeCommandService implements OnModuleInit {
  /** Commands by name. Empty until the application is initialised. */
  commands: ReadonlyMap<string, LoadedCommand> = new Map();
  private runner: CallRunner;
  /** By command; empty without the option `operatorApi`. */
  private statistics: ReadonlyMap<string, CommandStatistics> = new Map();
  private readonly journal: CallJournal;
  private epoch = '';
  private reading: NodeJS.Timeout | undefined;
  private isClosing = false;

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly moduleRef: ModuleRef,
    private readonly policy: ChannelPolicyService,
    private readonly options: ResolvedRealtimeOptions,
    private readonly clock: RealtimeClock,
    private readonly counters: Counters,
    private readonly store: CallStore,
    private readonly auditLog: AuditLog,
  ) {
    this.journal = new CallJournal(store, options.commands);
    this.runner = this.runnerOf(this.commands);
  }

  /** @throws Error if a command cannot be called */
  async onModuleInit(): Promise<void> {
    const found = findCommands(this.discovery, new MetadataScanner());
    if (found.size === 0) return;
    const load = (command: FoundCommand): LoadedCommand => ({
      ...command,
      // Nest 11 keeps the parameters of a method by the name of its class: two classes can have the same name.
      invoke: invokerOf(new HandlerCreator(this.moduleRef, this.options.commands.globalEnhancers), command),
      validate: this.validatorOf(command),
      output: this.outputOf(command),
    });
    this.commands = new Map([...found].map(([name, command]) => [name, load(command)]));
    if (this.options.operatorApi) this.statistics = statisticsOf(found.values());
    this.runner = this.runnerOf(this.commands);
    await this.readEpoch();
  }

  /** Field of the `connected` frame; `null` without commands. */
  get support(): CommandSupport | null {
    return this.commands.size === 0 ? null : { windowMs: this.options.commands.windowMs, epoch: this.epoch };
  }

  /**
   * Starts a call of a connection. The outcome is sent to `reply`.
   * @throws ProtocolError if the call is refused before it began
   */
  start(connection: Connection, request: CallRequest, receiver: CallReply): void {
    if (connection.onCallsEnded !== null) throw LEAVING;
    const reply = new ConnectionReply(connection, receiver);
    const call = this.runner.start(new ConnectionOrigin(connection), request, reply);
    if (call.outcome === null) (connection.calls ??= new Map()).set(reply, call);
  }

  /**
   * Starts a call of a client without a connection.
   * @returns a function that reports that the client has left
   * @throws ProtocolError if the call is refused before it began
   */
  run(origin: CallOrigin, request: CallRequest, receiver: CallReply): () => void {
    const call = this.runner.start(origin, request, receiver);
    return () => this.leave(call, receiver);
  }

  /**
   * Cancels a call of this connection's user that runs here.
   * @returns false if there is none
   */
  cancel({ calls }: Connection, callId: string): boolean {
    const call = [...(calls?.values() ?? [])].find(({ id, outcome }) => id === callId && outcome === null);
    call?.abort('cancelled');
    return call !== undefined;
  }

  /** Ends the calls of a connection that no client waits for and that are not repeated. The others continue. */
  disconnected({ calls }: Connection): void {
    for (const [reply, call] of calls ?? []) this.leave(call, reply);
    calls?.clear();
  }

  private leave(call: PendingCall, reply: object): void {
    const isRepeatable = this.commands.get(call.command)?.options.once !== false;
    if (call.leave(reply) === 0 && !isRepeatable) call.abort('cancelled');
  }

  /** Returns the calls of each command on this instance, by name. Empty without the option `operatorApi`. */
  report(): CommandReport[] {
    const now = performance.now();
    return [...this.statistics.values()].map((statistics) => statistics.report(now)).toSorted(byCommand);
  }

  /** Waits for running calls after the connections are closed, and interrupts those that do not end. */
  async settle(): Promise<void> {
    clearTimeout(this.reading);
    this.isClosing = true;
    await this.runner.settled(SHUTDOWN_MS);
    for (const call of this.runner.running.values()) call.abort('interrupted');
    await this.runner.settled(SHUTDOWN_MS);
    this.journal.close();
  }

  private validatorOf({ input }: FoundCommand): (data: unknown) => unknown {
    return input === null ? (data) => data : (data) => validateInput(input, data, this.options.maxEventKeys);
  }

  private outputOf({ name, options }: FoundCommand): CommandOutput {
    try {
      const { tenants, commands } = this.options;
      return new CommandOutput(options.output, tenants.claim !== undefined, commands.maxResultBytes);
    } catch (error) {
      if (!(error instanceof ClassRulesError)) throw error;
      throw new Error(`RealtimeModule: the output of @Command('${name}') ${error.message}`, { cause: error });
    }
  }

  private runnerOf(commands: ReadonlyMap<string, LoadedCommand>): CallRunner {
    const records = new CallRecords(this.counters, this.auditLog, this.statistics);
    return new CallRunner(commands, this.journal, this.policy, this.options, this.clock, records);
  }

  private async readEpoch(): Promise<void> {
    try {
      this.epoch = await this.store.epoch();
    } catch {
      // The store is not reachable, which the broker logs. Calls are refused meanwhile.
    }
    if (this.isClosing) return;
    this.reading = setTimeout(
      safely('The epoch of the store of calls', () => this.readEpoch()),
      this.epoch === '' ? FIRST_EPOCH_MS : EPOCH_MS,
    ).unref();
  }
}

function statisticsOf(found: Iterable<FoundCommand>): Map<string, CommandStatistics> {
  const now = performance.now();
  return new Map(
    [...found].map(({ name, options: { once = true, anonymous = false } }) => [
      name,
      new CommandStatistics({ command: name, once, anonymous }, now),
    ]),
  );
}

function byCommand(a: CommandReport, b: CommandReport): number {
  return a.command < b.command ? -1 : 1;
}

/** A connection at the time of its call: later it can have another user. */
class ConnectionOrigin implements CallOrigin {
  readonly caller: Principal | null;

  constructor(private readonly connection: Connection) {
    this.caller = connection.principal;
  }

  get connectionId(): string {
    return this.connection.id;
  }

  get address(): string {
    return this.connection.address;
  }

  get countedAs(): string {
    return this.connection.countedAs ?? this.address;
  }

  isSubscribed(channel: string, topic: string): boolean {
    return this.connection.subscriptions.get(channel)?.topic === topic;
  }
}

/** Passes the answers of a call on, and ends its place among the calls of its connection. */
class ConnectionReply implements CallReply {
  constructor(
    private readonly connection: Connection,
    private readonly receiver: CallReply,
  ) {}

  end(outcome: CallOutcome): void {
    const { connection } = this;
    connection.calls?.delete(this);
    this.receiver.end(outcome);
    if (connection.calls?.size === 0) connection.onCallsEnded?.();
  }

  progress(json: string): void {
    this.receiver.progress(json);
  }
}
