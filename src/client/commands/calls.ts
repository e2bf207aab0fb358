import type { ServerFrame } from '../../protocol/frames.js';
import { RealtimeError } from '../errors.js';
import { internalsOf } from '../internals.js';
import { clamp, MAX_TIMER_MS } from '../limits.js';
import type { RealtimeClient } from '../types.js';
import { isCallId, newCallId } from './call-id.js';
import { createOfflineQueue, MAX_QUEUED } from './offline-queue.js';
import { createProgress } from './progress.js';
import { createRun, type Outcome, type RunHost } from './run-call.js';
import { createSettling, type Settling } from './settling.js';
import { followSignIns } from './sign-ins.js';
import type { Call, CallOptions } from './types.js';

/** Default of `timeoutMs`, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** A call without its outcome. */
interface Pending {
  readonly name: string;
  readonly call: Call;
  /** Number of sign-ins before the call. */
  readonly signIn: number;
  progress(data: unknown): void;
  /** The user of the call is no longer the client's user. */
  abandon(): void;
}

/** Calls a command. @throws TypeError for an invalid option, or an input that is not JSON */
export type StartCall = (name: string, data: unknown, options: CallOptions) => Call;

/** Returns the function that starts calls of a client. It listens to the client for its lifetime. */
export function createCalls(client: RealtimeClient): StartCall {
  // id → call without its outcome
  const pending = new Map<string, Pending>();
  // events that calls wait for → number of sign-ins before the call
  const settling = new Map<Settling, number>();
  // functions that continue with the connection, in the order of their calls
  const waiting = new Set<() => void>();
  let dropped = 0;
  let connections = 0;
  const queue = createOfflineQueue();
  const host: RunHost = {
    client,
    connected: (over) =>
      new Promise((resolve) => {
        const resume = (): void => {
          waiting.delete(resume);
          over.removeEventListener('abort', resume);
          resolve();
        };
        waiting.add(resume);
        over.addEventListener('abort', resume);
      }),
    connections: () => connections,
    dropped: () => dropped,
  };

  /** Ends calls whose user the client no longer has. @param isOf says which, by the number of sign-ins before the call */
  const abandon = (isOf: (signIn: number) => boolean): void => {
    for (const one of [...pending.values()]) if (isOf(one.signIn)) one.abandon();
    for (const [one, signIn] of [...settling]) if (isOf(signIn)) one.end();
  };
  const isBefore = (signIn: number): boolean => signIn < signIns.count;
  const signIns = followSignIns(client, (wasPending) => {
    // Before its first connection the client has no identity that could end.
    if (!internalsOf(client).identity) abandon(isBefore);
    // Calls that waited for the sign-in before belong to a user whom the client never had.
    else if (wasPending) abandon((signIn) => signIn === signIns.count - 1);
  });
  client.on('identity', (identity) => {
    if (identity === null) abandon((signIn) => !signIns.isPending || isBefore(signIn));
  });
  client.on('state', ({ state }) => {
    if (state === 'closed') abandon(() => true);
    if (state !== 'connected') return;
    connections += 1;
    for (const resume of [...waiting]) resume();
  });
  internalsOf(client).on('frame', (frame: ServerFrame) => {
    if (frame.type === 'progress') pending.get(frame.callId)?.progress(frame.data);
    else if (frame.type === 'error' && frame.code === 'rate_limited') dropped += 1;
    else for (const one of settling.keys()) one.saw(frame);
  });

  const begin = (name: string, data: unknown, callId: string, options: CallOptions): Call => {
    const { signal, offline = 'fail', once = true } = options;
    const timeoutMs = clamp(options.timeoutMs, 1, MAX_TIMER_MS, TIMEOUT_MS);
    const progress = createProgress<unknown>();
    const own = createSettling(client, callId, () => settling.forEach((_, one) => one.check()));
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let settle!: { resolve(outcome: Outcome): void; reject(error: unknown): void };
    const outcome = new Promise<Outcome>((resolve, reject) => (settle = { resolve, reject }));

    const finish = (): boolean => {
      if (isOver) return false;
      isOver = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      run.stop();
      progress.end();
      return pending.delete(callId);
    };
    const fail = (error: unknown): void => {
      if (finish()) settle.reject(error);
    };
    /** Ends the call, also on the server if there is a connection. */
    const stop = (error: unknown): void => {
      // The `ref` marks an answer that the client drops.
      if (!isOver && run.isSent) client.send({ type: 'cancel', callId, ref: 'r0' });
      fail(error);
    };
    const cancel = (): void => stop(new RealtimeError('cancelled', `${name} was cancelled`));
    // React Native's signals have no reason.
    const abort = (): void => (signal!.reason === undefined ? cancel() : stop(signal!.reason));
    const run = createRun(host, { name, callId, data }, once, () => {
      const problem = `No answer to ${name} within ${timeoutMs} ms`;
      timer = setTimeout(() => stop(new RealtimeError('timeout', problem)), timeoutMs);
    });
    /** Waits until the call can be sent. @throws RealtimeError `not_connected` */
    const turn = async (): Promise<void> => {
      await signIns.ended(); // the connection belongs to the former user until then
      const { state, change } = client;
      const isFree = state === 'connected' && queue.size === 0;
      if (isFree || (offline === 'fail' && state === 'connected')) return;
      const refuse = (problem: string) => new RealtimeError('not_connected', `${name} was not sent: ${problem}`);
      if (offline === 'fail' || state === 'closed') throw refuse(`not connected (${change.reason})`);
      if (queue.size >= MAX_QUEUED) throw refuse(`${MAX_QUEUED} calls wait already`);
      const before = queue.enter(outcome);
      if (state === 'idle') client.connect();
      await before;
    };

    const settled = outcome.then(({ effects }) => own.wait(effects));
    const remove = (): void => void settling.delete(own);
    settled.then(remove, remove);
    const call = toCall(
      outcome.then((answer) => answer.data),
      { callId, settled, progress: { [Symbol.asyncIterator]: () => progress[Symbol.asyncIterator]() }, cancel },
    );
    const signIn = signIns.count;
    pending.set(callId, {
      name,
      call,
      signIn,
      progress: (value) => progress.push(value),
      abandon() {
        const [code, problem] = run.isSent
          ? (['interrupted', 'its outcome is unknown'] as const)
          : (['cancelled', 'it was not sent'] as const);
        fail(new RealtimeError(code, `${name}: ${problem}. The client was closed, or continues as another user`));
      },
    });
    settling.set(own, signIn);
    if (signal?.aborted) abort();
    else {
      signal?.addEventListener('abort', abort);
      const answered = (answer: Outcome): void => {
        if (finish()) settle.resolve(answer);
      };
      turn()
        .then(() => run.start())
        .then(answered, fail);
    }
    return call;
  };

  return (name, data, options) => {
    const { callId = newCallId(), offline } = options;
    const known = pending.get(callId);
    check(isCallId(callId), `callId is "${callId}": use 1 to 64 of A-Z a-z 0-9 _ . : -`);
    check(!offline || /^(fail|queue)$/.test(offline), `offline is "${offline}": use fail or queue`);
    check(!known || known.name === name, `callId "${callId}" belongs to a pending call of ${known?.name}`);
    return known ? known.call : begin(name, copyOf(name, data), callId, options);
  };
}

/** Adds the parts of a call to its promise. */
function toCall(
  promise: Promise<unknown>,
  { callId, settled, progress, cancel }: Omit<Call, keyof Promise<unknown>>,
): Call {
  // A page that uses `settled` or `progress` learns the outcome there: the promise then needs no handler.
  const watched = <T>(part: T): T => {
    promise.catch(() => undefined);
    return part;
  };
  return Object.defineProperties(promise, {
    callId: { value: callId },
    settled: { get: () => watched(settled) },
    progress: { get: () => watched(progress) },
    cancel: { value: cancel },
  }) as Call;
}

/** Copies the input, which can change before the call is sent, or is sent again. */
function copyOf(name: string, data: unknown): unknown {
  try {
    const text = JSON.stringify(data) as string | undefined;
    return text === undefined ? undefined : JSON.parse(text);
  } catch (error) {
    throw new TypeError(`The input of ${name} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

function check(isGood: boolean, problem: string): void {
  if (!isGood) throw new TypeError(problem);
}
