import { REPORT, type RealtimeError } from './errors.js';
import { clamp } from './limits.js';
import type { Channel, RealtimeClient, Stop } from './types.js';

/** The state that this client shows to the members of a channel. */
export interface PresenceState<State = unknown> {
  /**
   * Shows this state: any JSON of at most 1 KB, such as `{ typing: true }`; `null` shows none. Can be called at any rate:
   * the client sends the last state, at most once in the interval that the server announces. It sends the state again
   * after each break.
   */
  set(state: State | null): void;
  /** Removes the state. */
  stop(): void;
}

/** Default and bounds of the interval between two updates, in milliseconds. */
const INTERVAL_MS = 100;
const MAX_INTERVAL_MS = 60_000;
/** Wait after a temporary refusal, in milliseconds. */
const RETRY_MS = 1_000;

const NONE = 'null';

/** Errors after which the subscription is gone, and the state with it. A new subscription follows. */
const LOST = /^not_(connected|subscribed)$/;

/** Errors after which the state is sent again. */
const LATER = /^(rate_limited|unavailable|internal|timeout)$/;

/** A state, with its time in this client. */
interface Held {
  readonly json: string;
  readonly since: number;
  wasSent: boolean;
}

type Sender = (state: object) => { set(json: string): void; stop(): void };

const senders = new WeakMap<Channel<never>, Sender>();

/**
 * Shows a state to the members of a channel while the client is subscribed to it. If a client shows several states in
 * one channel, the one that was set last counts, and after its `stop()` the one before. The same applies to all
 * connections of a user.
 *
 *     const me = presenceState(client, 'rooms:lobby');
 *     input.oninput = () => me.set({ typing: input.value !== '' });
 *
 * A refused state is reported to the client's `error` listeners, for example `presence_disabled` if the channel takes none.
 */
export function presenceState<State = unknown, E extends object = object>(
  client: RealtimeClient<E>,
  name: string,
): PresenceState<State> {
  const channel = client.channel<string>(name) as Channel<never>;
  let hold = senders.get(channel);
  if (!hold) senders.set(channel, (hold = createSender(client, channel)));
  const held = hold({});
  return { set: (state) => held.set(JSON.stringify(state ?? null)), stop: () => held.stop() };
}

function createSender(client: RealtimeClient, channel: Channel<never>): Sender {
  // The last one counts.
  const holders = new Map<object, Held>();
  // The JSON that the server has.
  let sent = NONE;
  // Number of the subscription: an answer for an earlier one says nothing.
  let life = 0;
  let isWaiting = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopListening: Stop | undefined;

  const pause = (ms: number): void => {
    timer = setTimeout(() => {
      isWaiting = false;
      send();
    }, ms);
  };
  const send = (): void => {
    if (isWaiting || channel.state !== 'subscribed') return;
    const held = [...holders.values()].at(-1);
    const json = held?.json ?? NONE;
    if (json === sent) return;
    isWaiting = true;
    void update(held, json, life);
  };
  const update = async (held: Held | undefined, json: string, of: number): Promise<void> => {
    const ageMs = held?.wasSent ? Math.max(0, Date.now() - held.since) : undefined;
    if (held) held.wasSent = true;
    let waitMs = RETRY_MS;
    try {
      const frame = {
        type: 'presence_update',
        channel: channel.name,
        state: JSON.parse(json) as unknown,
        ageMs,
      } as const;
      const { intervalMs } = await client.request(frame);
      if (of !== life) return;
      sent = json;
      waitMs = clamp(intervalMs, 0, MAX_INTERVAL_MS, INTERVAL_MS);
    } catch (error) {
      if (of !== life) return;
      const { code } = error as RealtimeError;
      if (LOST.test(code)) sent = NONE;
      else if (!LATER.test(code)) {
        sent = json; // another state may be accepted
        (client as { [REPORT]?: (error: unknown) => void })[REPORT]?.(error);
      }
    }
    pause(waitMs);
  };
  const listen = (): void => {
    stopListening ??= channel.on('state', ({ code }) => {
      if (code === 'other_user') holders.clear(); // it was the state of the former user
      life += 1;
      clearTimeout(timer);
      isWaiting = false;
      sent = NONE; // a new subscription has no state
      send();
    });
  };

  return (holder) => ({
    set(json) {
      listen();
      holders.delete(holder);
      holders.set(holder, { json, since: Date.now(), wasSent: false });
      send();
    },
    stop() {
      holders.delete(holder);
      send();
      if (holders.size > 0) return;
      if (channel.state !== 'subscribed') sent = NONE;
      stopListening?.();
      stopListening = undefined;
    },
  });
}
