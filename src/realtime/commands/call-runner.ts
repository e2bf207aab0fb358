import { randomUUID } from 'node:crypto';
import { types } from 'node:util';
import { ProtocolError } from '../../protocol/index.js';
import type { Principal } from '../auth/principal.js';
import type { ChannelPolicyService } from '../channels/channel-policy.service.js';
import { fieldsOf } from '../observability/log-fields.js';
import { LogLimiter } from '../observability/log-limiter.js';
import { runSafely, safely } from '../observability/run-safely.js';
import { SafeLogger } from '../observability/safe-logger.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { causedBy } from '../publishing/current-cause.js';
import { currentTenant, inTenant } from '../tenants/current-tenant.js';
import type { RealtimeClock } from '../timing/realtime-clock.js';
import { withTimeout } from '../timing/with-timeout.js';
import { effectsOf } from './call-effects.js';
import { CallLimits } from './call-limits.js';
import { OTHER_COMMAND, type CallOutcome } from './call-outcome.js';
import type { CallRecords } from './call-records.js';
import { callRefusalOf, notAllowed } from './call-refusal.js';
import type { CallJournal } from './call-journal.js';
import type { CallKey } from './call-store.js';
import type { Invoke } from './command-invoker.js';
import type { CommandOutput } from './command-output.js';
import type { FoundCommand } from './find-commands.js';
import { RunningCall, type CallOrigin, type CallReply } from './running-call.js';
import { validateInput } from './validate-input.js';

/** A command that can be called. */
export interface LoadedCommand extends FoundCommand {
  readonly invoke: Invoke;
  readonly output: CommandOutput;
}

/** A call as a client sends it. */
export interface CallRequest {
  readonly name: string;
  readonly callId: string;
  readonly data: unknown;
  /** Size of the request, in bytes. */
  readonly bytes: number;
}

const TOO_MANY_REPETITIONS = new ProtocolError('rate_limited', {
  message: 'Too many repetitions of this call are waiting: wait for its answer',
});

/**
 * Returns the key of the user, who can act in several tenants. A client without a user is recognized only on its connection. Over
 * HTTP it is not recognized at all, because other clients can have the same address.
 */
function ownerOf({ caller, connectionId }: CallOrigin): string {
  if (!isUser(caller)) return `connection ${connectionId ?? randomUUID()}`;
  return caller.tenant === caller.homeTenant ? caller.userKey : `${caller.userKey} in ${caller.tenant}`;
}

/**
 * Returns the key under which the outcome of a call is kept; `null` if it is not kept. Calls of clients without a user are counted by
 * address, because a client can open any number of connections. Over HTTP no repetition can name such a call.
 */
function entryOf({ id, origin }: RunningCall, owner: string): CallKey | null {
  const { caller, connectionId, countedAs } = origin;
  const tenant = caller?.tenant ?? null;
  if (isUser(caller)) return { tenant, owner, id };
  return connectionId === null ? null : { tenant, owner: `address ${countedAs}`, id: `${id}@${connectionId}` };
}

function isUser(caller: Principal | null): caller is Principal {
  return caller !== null && caller.guest === undefined;
}

/** Returns true for the error with which work stops because the signal of its call was aborted. */
function isAbort(error: unknown, { signal }: RunningCall): boolean {
  return error === signal.reason || (types.isNativeError(error) && error.name === 'AbortError');
}

/** Runs calls on this instance, each at most once. A call never delays other frames of its client. */
export class CallRunner {
  /** Running calls by {@link RunningCall.key}. */
  readonly running = new Map<string, RunningCall>();
  private readonly limits: CallLimits;
  private readonly log = new LogLimiter(new SafeLogger('Realtime'));

  constructor(
    private readonly commands: ReadonlyMap<string, LoadedCommand>,
    private readonly journal: CallJournal,
    private readonly policy: ChannelPolicyService,
    private readonly options: ResolvedRealtimeOptions,
    private readonly clock: RealtimeClock,
    private readonly records: CallRecords,
  ) {
    this.limits = new CallLimits(options.commands);
  }

  /**
   * Starts a call, or joins one with the same id that runs here. The outcome is sent to `reply`.
   * @returns the call
   * @throws ProtocolError if the call is refused before it began: the client can send it again
   */
  start(origin: CallOrigin, request: CallRequest, reply: CallReply): RunningCall {
    const command = this.commands.get(request.name);
    if (command === undefined) throw new ProtocolError('unknown_command');
    const { name, options } = command;
    const isOfUser = isUser(origin.caller);
    if (!isOfUser && options.anonymous !== true) throw notAllowed(name);
    const maxBytes = options.maxBytes ?? this.options.maxFrameBytes;
    if (request.bytes > maxBytes) {
      throw new ProtocolError('too_large', { message: `The call has ${request.bytes} bytes, more than ${maxBytes}` });
    }
    const owner = ownerOf(origin);
    const key = `${request.callId} ${owner}`;
    const found = this.running.get(key);
    if (found !== undefined) {
      if (found.command !== name) throw OTHER_COMMAND;
      if (found.replies >= this.options.commands.maxRunning) throw TOO_MANY_REPETITIONS;
      found.join(reply);
      return found;
    }
    const limited = isOfUser || origin.connectionId !== null ? owner : `address ${origin.countedAs}`;
    const release = this.limits.begin(command, origin, limited, this.clock.now());
    const validate = (data: unknown): unknown =>
      command.input === null ? data : validateInput(command.input, data, this.options.maxEventKeys);
    const call = new RunningCall(request.callId, name, origin, key, request.data, validate);
    call.join(reply);
    this.running.set(key, call);
    this.begin(call, command, owner, release);
    return call;
  }

  /** Resolves when no call runs, or after a time limit. */
  async settled(ms: number): Promise<void> {
    const calls = [...this.running.values()];
    await withTimeout(
      Promise.all(
        calls.map((call) => new Promise<void>((end) => call.join({ end: () => end(), progress: () => undefined }))),
      ),
      ms,
      () => undefined,
    );
  }

  private begin(call: RunningCall, command: LoadedCommand, owner: string, release: () => void): void {
    const record = this.records.begin(call);
    const timer = setTimeout(
      safely('The time limit of a call', () => call.abort('timeout')),
      command.options.timeoutMs ?? this.options.commands.timeoutMs,
    );
    call.onEnd = (outcome) => {
      clearTimeout(timer);
      this.running.delete(call.key);
      release();
      record.end(outcome);
    };
    const work = (): Promise<void> => this.run(call, command, owner);
    const traced = record.span === null ? work : () => record.span!.run(work);
    const tenant = call.caller?.tenant ?? null;
    runSafely(
      'A call',
      () => (tenant === currentTenant() ? traced() : inTenant(tenant, traced)),
      () => call.end({ error: new ProtocolError('internal') }),
    );
  }

  private async run(call: RunningCall, command: LoadedCommand, owner: string): Promise<void> {
    const entry = command.options.once === false ? null : entryOf(call, owner);
    if (entry === null) {
      call.whenDecided((outcome) => call.end(outcome));
      call.decide(await this.outcomeOf(call, command));
      return;
    }
    await this.journal.run(call, entry, () => this.outcomeOf(call, command));
  }

  /** Runs the handler. Never rejects. */
  private async outcomeOf(call: RunningCall, command: LoadedCommand): Promise<CallOutcome> {
    try {
      const result = await causedBy(call, () => command.invoke(call));
      call.returned();
      if (call.decided !== null) return call.decided;
      const data = command.output.json(result, call.caller);
      if (call.effects.size === 0) return { json: `"data":${data}` };
      const effects = await effectsOf(call, this.policy);
      const named = effects.length === 0 ? '' : `,"effects":${JSON.stringify(effects)}`;
      return { json: `"data":${data}${named}` };
    } catch (error) {
      call.returned();
      return { error: this.refusalOf(call, error) };
    }
  }

  private refusalOf(call: RunningCall, error: unknown): ProtocolError {
    const { command, caller } = call;
    const refusal = callRefusalOf(error, command);
    if (refusal !== null) return refusal;
    if (call.decided !== null && isAbort(error, call)) return new ProtocolError('cancelled');
    const fields = fieldsOf({ command, user: caller?.user.userId });
    this.log.error(`call ${command}`, `A call failed${fields}`, error);
    return new ProtocolError('internal');
  }
}
