import { randomUUID } from 'node:crypto';
import { ProtocolError } from '../../protocol/index.js';
import { LogLimiter } from '../observability/log-limiter.js';
import { safely } from '../observability/run-safely.js';
import { SafeLogger } from '../observability/safe-logger.js';
import type { CommandLimitOptions } from '../options/command-options.js';
import { decodeOutcome, encodeOutcome, type CallOutcome } from './call-outcome.js';
import type { CallKey, CallRules, CallState, CallStore } from './call-store.js';
import type { RunningCall } from './running-call.js';

/** Time beyond the window for which a call is kept: a repetition can be on its way when the window ends. */
const MARGIN_MS = 60_000;

interface Held {
  readonly entry: CallKey;
  readonly holder: string;
  readonly call: RunningCall;
}

/** Runs calls at most once on all instances: each begins and ends in the store of calls. */
export class CallJournal {
  private readonly rules: CallRules;
  private readonly instance = randomUUID();
  private attempts = 0;
  /** Running calls, whose leases are renewed. */
  private readonly held = new Set<Held>();
  private renewing: NodeJS.Timeout | null = null;
  private readonly log = new LogLimiter(new SafeLogger('Realtime'));

  constructor(
    private readonly store: CallStore,
    options: CommandLimitOptions,
  ) {
    this.rules = {
      keepMs: options.windowMs + MARGIN_MS,
      leaseMs: options.leaseMs,
      perUser: { calls: options.maxKeptPerUser, bytes: options.maxKeptBytesPerUser },
      perTenant: { calls: options.maxKeptPerTenant, bytes: options.maxKeptBytesPerTenant },
      maxBytes: options.maxKeptBytes,
    };
  }

  /**
   * Runs the call unless it ran before, and ends it with its first outcome, which is stored before it is sent.
   * @param handle decides the outcome
   */
  async run(call: RunningCall, entry: CallKey, handle: () => void | Promise<void>): Promise<void> {
    this.attempts += 1;
    const held = { entry, call, holder: `${this.instance}.${this.attempts}` };
    let found: CallState;
    try {
      found = await this.store.begin(entry, held.holder, this.rules);
    } catch (error) {
      this.log.error('begin', 'A call could not begin: the store of calls does not answer', error);
      call.end({ error: new ProtocolError('unavailable') });
      return;
    }
    if (found.state !== 'begun') {
      call.isRepetition = found.state !== 'full';
      call.end(outcomeOf(found, call.command));
      return;
    }
    this.hold(held);
    call.whenDecided((outcome) => this.finish(held, outcome));
    // The client can have cancelled it meanwhile.
    const handling = call.decided === null ? handle() : undefined;
    if (handling !== undefined) await handling;
  }

  private async finish(held: Held, outcome: CallOutcome): Promise<void> {
    const { entry, holder, call } = held;
    let isFirst = true;
    try {
      isFirst = await this.store.finish(entry, holder, encodeOutcome(outcome, call.command), this.rules);
    } catch (error) {
      // The caller gets the outcome now. If the answer is lost, a repetition is answered with `interrupted`.
      this.log.error('finish', 'The outcome of a call could not be stored', error);
    }
    this.held.delete(held);
    call.end(isFirst ? outcome : { error: new ProtocolError('interrupted') });
  }

  private hold(held: Held): void {
    this.held.add(held);
    this.renewing ??= setInterval(
      safely('The leases of calls', () => this.renew()),
      this.rules.leaseMs / 3,
    ).unref();
  }

  private async renew(): Promise<void> {
    if (this.held.size === 0) {
      clearInterval(this.renewing ?? undefined);
      this.renewing = null;
      return;
    }
    await Promise.all(
      [...this.held].map(async ({ entry, holder, call }) => {
        try {
          if (!(await this.store.renew(entry, holder, this.rules)) && call.decided === null) call.abort('interrupted');
        } catch (error) {
          this.log.warn('renew', `The lease of a call could not be renewed: ${String(error)}`);
        }
      }),
    );
  }

  /** Stops renewing. Calls that still run are interrupted once their lease ends. */
  close(): void {
    clearInterval(this.renewing ?? undefined);
  }
}

/** Returns the outcome of an earlier call with this id, or a refusal. */
function outcomeOf(found: Exclude<CallState, { state: 'begun' }>, command: string): CallOutcome {
  if (found.state === 'full') {
    return { error: new ProtocolError('rate_limited', { message: 'Too many calls are kept: try again later' }) };
  }
  if (found.state === 'running') return { error: new ProtocolError('in_progress') };
  const outcome = found.outcome === null ? null : decodeOutcome(found.outcome, command);
  return outcome ?? { error: new ProtocolError('interrupted') };
}
