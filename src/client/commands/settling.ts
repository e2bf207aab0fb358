import type { Effect } from '../../protocol/command-frames.js';
import type { ServerFrame } from '../../protocol/frames.js';
import { parsePosition } from '../../protocol/position.js';
import type { ClientChannel } from '../channel.js';
import type { RealtimeClient, Stop } from '../types.js';

/** Time from the result within which the events must arrive, in milliseconds. */
const MAX_SETTLE_MS = 60_000;

/** Maximum number of effects, which servers keep too: an answer cannot make the client wait for more. */
const MAX_EFFECTS = 100;

/** Follows the events that one call causes, from its first frame on. */
export interface Settling {
  /** To be called for each frame, after its channel has handled it. */
  saw(frame: ServerFrame): void;
  /**
   * Waits until the listeners of subscribed channels have finished the effects, at most a minute.
   * @returns true if they have received all of them
   */
  wait(effects: readonly Effect[]): Promise<boolean>;
  /** Checks if the wait is over. */
  check(): void;
  /** Ends the wait, because the client was closed, or continues as another user. */
  end(): void;
}

/** An effect that was not received yet. */
interface Awaited {
  readonly channel: ClientChannel;
  readonly id: string | undefined;
  /** Of an effect without id: number of earlier ones of its channel. */
  readonly index: number;
}

/** @param changed called when listeners of a channel have finished its events: calls `check` of every call that waits */
export function createSettling(client: RealtimeClient, callId: string, changed: () => void): Settling {
  // channel → ids of the events that carry the id of this call
  const caused = new Map<string, (string | undefined)[]>();
  // channel → position after its last reset
  const resets = new Map<string, string | undefined>();
  const stops: Stop[] = [];
  let awaited: Awaited[] = [];
  let isComplete = true;
  let isOver = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let finish: ((isComplete: boolean) => void) | undefined;

  const hasArrived = ({ channel, id: known, index }: Awaited): boolean => {
    const { name, lastEventId } = channel;
    const ids = caused.get(name) ?? [];
    const id = known ?? ids[index];
    if (id !== undefined && isAtLeast(lastEventId, id)) return true;
    if (resets.has(name)) {
      // The state that was loaded for the reset contains the effect, unless a newer event follows in the same epoch.
      const start = resets.get(name);
      if (id === undefined || !isSameEpoch(id, start)) return start === undefined || isAtLeast(lastEventId, start);
    }
    return known === undefined && index < ids.length && id === undefined; // its channel has no history
  };
  const end = (): void => {
    isOver = true;
    clearTimeout(timer);
    for (const stop of stops.splice(0)) stop();
    finish?.(isComplete);
    finish = undefined;
  };
  const check = (): void => {
    if (finish === undefined) return;
    awaited = awaited.filter((effect) => {
      if (isSubscribed(effect.channel)) return !hasArrived(effect);
      isComplete = false;
      return false;
    });
    if (awaited.length === 0) end();
  };
  const abandon = (): void => {
    isComplete = false;
    end();
  };

  return {
    saw(frame) {
      if (frame.type === 'event') {
        if (frame.cause !== callId) return;
        const { channel, id } = frame;
        const ids = caused.get(channel) ?? [];
        caused.set(channel, ids);
        // A resume can bring an event twice.
        if (ids.length < MAX_EFFECTS && (id === undefined || !ids.includes(id))) ids.push(id);
      } else if (frame.type === 'resync' || (frame.type === 'subscribed' && frame.reason !== undefined)) {
        resets.set(frame.channel, frame.lastEventId);
      }
      check();
    },
    wait(effects) {
      if (isOver) return Promise.resolve(false);
      const counts = new Map<string, number>();
      isComplete &&= effects.length > 0 && effects.length <= MAX_EFFECTS;
      for (const { channel: name, id } of effects.slice(0, MAX_EFFECTS)) {
        const channel = channelOf(client, name);
        if (channel === undefined || !isSubscribed(channel)) {
          isComplete = false;
          continue;
        }
        const index = counts.get(name) ?? 0;
        if (id === undefined) counts.set(name, index + 1);
        awaited.push({ channel, id, index });
        channel.onIdle = changed;
        stops.push(channel.on('state', check));
      }
      return new Promise((resolve) => {
        finish = resolve;
        timer = setTimeout(abandon, MAX_SETTLE_MS);
        check();
      });
    },
    check,
    end: abandon,
  };
}

function isSubscribed({ state }: ClientChannel): boolean {
  return state === 'subscribed' || state === 'subscribing';
}

/** @returns `undefined` for a name that is not a channel */
function channelOf(client: RealtimeClient, name: string): ClientChannel | undefined {
  try {
    return client.channel<string>(name) as ClientChannel;
  } catch {
    return undefined;
  }
}

function isSameEpoch(one: string, other: string | undefined): boolean {
  return parsePosition(one)?.epoch === parsePosition(other ?? '')?.epoch;
}

/** Returns true if both are positions of one epoch, and the first is not before the second. */
function isAtLeast(one: string | undefined, other: string): boolean {
  const [first, second] = [parsePosition(one ?? ''), parsePosition(other)];
  return first !== null && first.epoch === second?.epoch && first.offset >= second.offset;
}
