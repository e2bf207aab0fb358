import { randomUUID } from 'node:crypto';
import { types } from 'node:util';
import { isObservable, lastValueFrom } from 'rxjs';
import { ProtocolError } from '../../protocol/index.js';
import type { Principal } from '../auth/principal.js';
import type { ChannelPolicyService } from '../channels/channel-policy.service.js';
import { fieldsOf } from '../observability/log-fields.js';
import { LogLimiter } from '../observability/log-limiter.js';
import { isThenable, runSafely, safely } from '../observability/run-safely.js';
import { SafeLogger } from '../observability/safe-logger.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { causedBy } from '../publishing/current-cause.js';
import { currentTenant, inTenant } from '../tenants/current-tenant.js';
import type { RealtimeClock } from '../timing/realtime-clock.js';
import { withTimeout } from '../timing/with-timeout.js';
import { effectsOf } from './call-effects.js';
import { CallLimits } from './call-limits.js';
import { OTHER_COMMAND } from './call-outcome.js';
import type { CallRecords } from './call-records.js';
import { callRefusalOf, notAllowed } from './call-refusal.js';
import type { CallJournal } from './call-journal.js';
import type { CallKey } from './call-store.js';
import type { Invoke } from './command-invoker.js';
import type { CommandOutput } from './command-output.js';
import type { FoundCommand } from './find-commands.js';
import { RunningCall, type CallOrigin, type CallReply } from './running-call.js';

/** A command that can be called. */
export interface LoadedCommand extends FoundCommand {
  readonly invoke: Invoke;
  /** Returns the validated input, or a promise of it. */
  readonly validate: (data: unknown) => unknown;
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

/** Returns the key that the limits of a call are counted for. Clients without a user are counted by connection or address. */
function limitKeyOf({ caller, connectionId, countedAs }: CallOrigin, owner: string): string {
  return isUser(caller) || connectionId !== null ? owner : `address ${countedAs}`;
}

/**
 * Returns the key under which the outcome of a call is kept; `null` if it is not kept. Calls of clients without a user are counted by
 * address, because a client can open any number of connections. Over HTTP no repetition can name such a call.
 */
function entryOf({ id, origin, owner }: RunningCall): CallKey | null {
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
    if (options.anonymous !== true && !isUser(origin.caller)) throw notAllowed(name);
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
    this.limits.begin(command, origin.connectionId, limitKeyOf(origin, owner), this.clock.now());
    const call = new RunningCall(request.callId, name, origin, owner, key, request.data, command.validate);
    call.join(reply);
    this.running.set(key, call);
    this.begin(call, command);
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

  private begin(call: RunningCall, command: LoadedCommand): void {
    const record = this.records.begin(call);
    const timer = setTimeout(
      safely('The time limit of a call', () => call.abort('timeout')),
      command.options.timeoutMs ?? this.options.commands.timeoutMs,
    );
    call.onEnd = (outcome) => {
      clearTimeout(timer);
      this.running.delete(call.key);
      this.limits.end(call.connectionId, limitKeyOf(call.origin, call.owner));
      record.end(outcome);
    };
    const tenant = call.caller?.tenant ?? null;
    const { span } = record;
    runSafely(
      'A call',
      () => {
        if (span === null && tenant === currentTenant()) return this.run(call, command);
        const work = () => this.run(call, command);
        return inTenant(tenant, span === null ? work : () => span.run(work));
      },
      () => call.end({ error: new ProtocolError('internal') }),
    );
  }

  private run(call: RunningCall, command: LoadedCommand): void | Promise<void> {
    const entry = command.options.once === false ? null : entryOf(call);
    if (entry !== null) return this.journal.run(call, entry, () => this.handle(call, command));
    call.whenDecided((outcome) => call.end(outcome));
    return this.handle(call, command);
  }

  /** Runs the handler, and decides the outcome of the call. A handler that returns a value takes no promise. */
  private handle(call: RunningCall, command: LoadedCommand): void | Promise<void> {
    try {
      return this.take(call, command, causedBy(call, command.invoke));
    } catch (error) {
      this.fail(call, error);
    }
  }

  /** Takes what a handler returned. */
  private take(call: RunningCall, command: LoadedCommand, returned: unknown): void | Promise<void> {
    const result = isObservable(returned) ? lastValueFrom(returned) : returned;
    if (!isThenable(result)) return this.succeed(call, command, result);
    // `resolve` accepts any object with a `then`, also one that throws.
    return Promise.resolve(result)
      .then((value) => this.take(call, command, value))
      .catch((error: unknown) => this.fail(call, error));
  }

  private succeed(call: RunningCall, command: LoadedCommand, result: unknown): void | Promise<void> {
    call.returned();
    if (call.decided !== null) return;
    const data = command.output.json(result, call.caller);
    if (call.effects !== null) return this.succeedWith(call, data);
    call.decide({ json: `"data":${data}` });
  }

  private async succeedWith(call: RunningCall, data: string): Promise<void> {
    const effects = await effectsOf(call, this.policy);
    const named = effects.length === 0 ? '' : `,"effects":${JSON.stringify(effects)}`;
    call.decide({ json: `"data":${data}${named}` });
  }

  private fail(call: RunningCall, error: unknown): void {
    call.returned();
    call.decide({ error: this.refusalOf(call, error) });
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
