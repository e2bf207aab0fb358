import type { Effect } from '../../protocol/command-frames.js';
import { RealtimeError } from '../errors.js';
import { MAX_TIMER_MS } from '../limits.js';
import type { RealtimeClient } from '../types.js';
import { assertRepeatable, sendingNow, type Sending } from './repetition.js';

/** Wait before a call that still runs is repeated, in milliseconds: it doubles up to the maximum. */
const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 2_000;

/** The call frame without `type`. */
export interface CallFrame {
  readonly name: string;
  readonly callId: string;
  readonly data: unknown;
}

/** Answer to a call. */
export interface Outcome {
  readonly data: unknown;
  readonly effects: readonly Effect[];
}

/** Functions of the client's calls that one call needs. */
export interface RunHost {
  readonly client: RealtimeClient;
  /** Resolves once the client is connected, or the call is over. */
  connected(over: AbortSignal): Promise<void>;
  /** Number of connections so far. */
  connections(): number;
  /** Number of frames that the server dropped without naming them. */
  dropped(): number;
}

/** A call that is sent until it has an answer. */
export interface Run {
  readonly isSent: boolean;
  /** Sends the call, and repeats it after a break. @throws RealtimeError the server's error, or `interrupted` */
  start(): Promise<Outcome>;
  /** Ends the run: its promise rejects. */
  stop(): void;
}

/**
 * @param once false if the call can be sent again at any time
 * @param onSent called before the call is sent for the first time
 */
export function createRun(host: RunHost, frame: CallFrame, once: boolean, onSent: () => void): Run {
  const { client } = host;
  const over = new AbortController();
  const { signal } = over;
  let sent: Sending | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const pause = (ms: number): Promise<void> => new Promise((resolve) => (timer = setTimeout(resolve, ms)));

  const send = async (): Promise<Outcome> => {
    const now = sendingNow(client, host.connections());
    if (!sent) onSent();
    else if (once) assertRepeatable(frame.name, sent, now);
    sent = { ...now, at: sent?.at ?? now.at };
    return outcomeOf(await client.request({ type: 'call', ...frame }, { timeoutMs: MAX_TIMER_MS, signal }));
  };
  /** Waits until the call can be repeated. @throws the error if it is the outcome */
  const next = async (error: unknown, dropped: number, waitMs: number): Promise<void> => {
    const { code } = error as RealtimeError;
    if (code === 'not_connected') return;
    // The error of a dropped frame rejects every request, although it is about one of them.
    const isDropped = code === 'rate_limited' && dropped !== host.dropped();
    if (signal.aborted || (code !== 'in_progress' && !isDropped)) throw error;
    // The server still knows the call.
    if (!isDropped) sent = sendingNow(client, host.connections());
    await pause(waitMs);
  };

  return {
    get isSent() {
      return sent !== undefined;
    },
    async start() {
      for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, MAX_WAIT_MS)) {
        if (client.state !== 'connected') await host.connected(signal);
        if (signal.aborted) throw new RealtimeError('cancelled', `${frame.name} is over`);
        const dropped = host.dropped();
        try {
          return await send();
        } catch (error) {
          await next(error, dropped, waitMs);
        }
      }
    },
    stop() {
      clearTimeout(timer);
      over.abort();
    },
  };
}

/** Reads a `result`. Effects that are not valid are left out. */
function outcomeOf(frame: { readonly data: unknown; readonly effects?: unknown }): Outcome {
  const given: readonly unknown[] = Array.isArray(frame.effects) ? frame.effects : [];
  return { data: frame.data, effects: given.filter(isEffect) };
}

function isEffect(value: unknown): value is Effect {
  const { channel, id } = (value ?? {}) as { readonly channel?: unknown; readonly id?: unknown };
  return typeof channel === 'string' && (id === undefined || typeof id === 'string');
}
