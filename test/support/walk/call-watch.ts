import { withCommands, type Call, type RealtimeClient, type RealtimeError } from '../../../src/client/index.js';
import { callByName } from '../call-by-name.js';
import type { CallRecord, WalkInput } from './call-record.js';

/** Time after which `settled` can be false although its channels stayed subscribed, in milliseconds. */
const MAX_SETTLE_MS = 60_000;

/** A call of a walk. */
export interface WalkCall extends WalkInput {
  readonly once: boolean;
  readonly offline: 'fail' | 'queue';
  readonly timeoutMs: number;
  /** Cancels the call after this time, in milliseconds; `signal` aborts a signal instead. */
  readonly cancelAfterMs: number | undefined;
  readonly cancelBy: 'cancel' | 'signal';
}

/** Calls commands of a client. Reports calls that run twice or for another user, and outcomes that do not fit. */
export class CallWatch {
  #open = 0;
  #unsettled = 0;
  /** Changes of the user, and ends of the client. */
  #ends = 0;
  // channel → number of ends of its subscription
  readonly #left = new Map<string, number>();
  // channel → number of resets
  readonly #resets = new Map<string, number>();
  readonly #seen = new Set<string>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(
    private readonly client: RealtimeClient,
    names: readonly string[],
    private readonly record: CallRecord,
    private readonly report: (problem: string) => void,
  ) {
    withCommands(client); // so that it follows sign-ins from the start
    client.on('identity', (identity) => {
      if (identity === null) this.#ends += 1;
    });
    client.on('state', ({ state, code }) => {
      if (state === 'closed' || code === 'other_user') this.#ends += 1;
    });
    for (const name of names) {
      const channel = client.channel<string>(name);
      channel.on('event', ({ id }) => void this.#seen.add(`${name} ${id}`));
      channel.on('reset', () => count(this.#resets, name));
      channel.on('state', ({ state }) => {
        if (state === 'unsubscribed' || state === 'refused') count(this.#left, name);
      });
    }
  }

  /** @param userOf returns the user that the application is sure of; `undefined` if it is not */
  call(
    { once, offline, timeoutMs, cancelAfterMs, cancelBy, ...input }: WalkCall,
    userOf: () => string | undefined,
  ): void {
    const abort = new AbortController();
    const name = once ? 'walk.do' : 'walk.read';
    const call = callByName(this.client, name, input, { once, offline, timeoutMs, signal: abort.signal });
    const isChecked = (): boolean => {
      const { users } = this.record.of(call.callId);
      const user = userOf();
      if (once && users.length > 1) this.report(`a call ran ${users.length} times`);
      if (new Set(users).size > 1) this.report(`a call ran for ${users.join(' and ')}`);
      if (user !== undefined && users.some((one) => one !== user)) this.report(`a call of ${user} ran for ${users[0]}`);
      return true;
    };
    if (cancelAfterMs !== undefined)
      this.#later(cancelAfterMs, () => (cancelBy === 'cancel' ? call.cancel() : abort.abort()));
    this.#open += 1;
    this.#unsettled += 1;
    call.then(
      (result) => {
        this.#open -= isChecked() ? 1 : 0;
        if (input.fails) this.report('a call that failed has a result');
        if (result === -1 || this.record.of(call.callId).users.length === 0)
          this.report(`a result ${String(result)} of no run`);
      },
      (error: unknown) => {
        this.#open -= isChecked() ? 1 : 0;
        this.#checkError(call, error, input);
      },
    );
    this.#checkSettled(call, once ? input.channels : []);
    void this.#checkProgress(call);
  }

  /** Checks that no call waits for its outcome or its events. */
  checkAtRest(): void {
    if (this.#open > 0) this.report(`${this.#open} calls have no outcome`);
    if (this.#unsettled > 0) this.report(`${this.#unsettled} calls are not settled`);
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #checkError({ callId }: Call, error: unknown, input: WalkInput): void {
    const { code, message } = error as Partial<RealtimeError>;
    const { users } = this.record.of(callId);
    const isUnsent = code === 'not_connected' || message?.includes('it was not sent') === true;
    if (isUnsent && users.length > 0) this.report(`a call ran that was not sent: ${message}`);
    if (code === 'conflict' && !input.fails) this.report('a call failed that did not');
    const isKnown =
      /^(not_connected|cancelled|interrupted|timeout|conflict)$/.test(code ?? '') ||
      (error as Error).name === 'AbortError';
    if (!isKnown) this.report(`a call rejects with ${code}: ${message}`);
  }

  #checkSettled(call: Call, channels: readonly string[]): void {
    const [left, resets] = [this.#left, this.#resets].map((counts) => channels.map((name) => counts.get(name) ?? 0));
    let ends = this.#ends;
    let answeredAt = 0;
    let isUnused = false;
    call.then(
      () => {
        answeredAt = performance.now();
        ends = this.#ends;
        isUnused = channels.some((name) => !/^subscri/.test(this.client.channel<string>(name).state));
      },
      () => undefined,
    );
    call.settled.then(
      (isComplete) => {
        this.#unsettled -= 1;
        const { effects } = this.record.of(call.callId);
        const isLeft = channels.some((name, at) => (this.#left.get(name) ?? 0) !== left![at]);
        if (isComplete) {
          const missing = effects.filter((effect) => !this.#seen.has(effect));
          const isReset = channels.some((name, at) => (this.#resets.get(name) ?? 0) !== resets![at]);
          if (missing.length > 0 && !isReset && !isLeft) this.report(`settled without ${missing.join()}`);
          if (channels.length === 0) this.report('settled with events, but there are none');
        } else if (channels.length > 0 && !isLeft && !isUnused && ends === this.#ends) {
          if (performance.now() < answeredAt + MAX_SETTLE_MS) this.report('not settled, although its channels stayed');
        }
      },
      () => (this.#unsettled -= 1),
    );
  }

  async #checkProgress(call: Call): Promise<void> {
    for await (const value of call.progress) if (value !== 'begins') this.report(`progress is ${String(value)}`);
    await call.catch(() => undefined);
  }

  #later(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, ms);
    this.#timers.add(timer);
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
