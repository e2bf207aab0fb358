import type { ServerFrame, SubscribeTarget } from '../protocol/frames.js';
import type { LiveFrame } from '../protocol/live.js';
import { MAX_EVENT_ID_LENGTH } from '../protocol/position.js';
import { createEmitter, onceOf, type Sequence } from './emitter.js';
import { errorOf, RealtimeError } from './errors.js';
import { createInbox } from './inbox.js';
import type { Debug } from './options.js';
import { nowPresent } from './presence.js';
import { CHANNEL_STATES, nextState, type ChannelCause, type ChannelState } from './states.js';
import type {
  Channel,
  ChannelChange,
  ChannelListeners,
  Presence,
  RealtimeEvent,
  Reset,
  Stop,
  SubscribeOptions,
} from './types.js';

/** Functions of the client that a channel needs. */
export interface ChannelHost {
  readonly maxWaitingEvents: number;
  readonly inSequence: Sequence;
  readonly debug: Debug;
  /** The channel's subscription must be synced. @param isNew a subscriber was added: connect if the client is idle */
  changed(channel: ClientChannel, isNew?: boolean): void;
  /** Schedules a retry, because the server may grant the request later. */
  askLater(): void;
  failed(error: RealtimeError): void;
}

/** Subscription changes that are sent together. */
export interface SubscriptionChanges {
  readonly ref: string;
  readonly leave: string[];
  readonly join: SubscribeTarget[];
  /** Channels that are subscribed already, now with presence. */
  readonly watch: SubscribeTarget[];
}

/** A frame about one channel. */
export type ChannelFrame = Extract<ServerFrame, { channel: string }> | Extract<ServerFrame, { type: 'error' }>;

/** A channel, with the functions that only the client calls. */
export interface ClientChannel extends Channel {
  /** Adds the channel's changes. @param changes `null` without a connection */
  sync(changes: SubscriptionChanges | null): void;
  take(frame: ChannelFrame): void;
  /** The connection ended: the channel resumes with the next one. */
  lost(reason: string): void;
  /** Permissions may have changed, or a retry is due: requests again what was refused. */
  askAgain(): void;
  /** Clears the members, which are no longer known. */
  forgetPresence(): void;
  /** The client continues as another user: drops the state of the former one. */
  forget(): void;
  /** Notifies listeners that the application closed the client. */
  closed(): void;
  /** Called when the listeners have finished all events, perhaps repeatedly. */
  onIdle?: () => void;
  /** True if the channel has no subscriber and no listener. */
  readonly isIdle: boolean;
}

/** Presence for listeners when the members are no longer known. */
const NO_MEMBERS: Presence = { members: [], count: 0 };

/** Temporary refusals. */
const LATER = /^(unavailable|internal|rate_limited)$/;

/** Creates a channel: its subscribers, its state on the server, and its listeners. */
export function createChannel(name: string, host: ChannelHost): ClientChannel {
  const users = new Set<SubscribeOptions>();
  const listeners = createEmitter<Omit<ChannelListeners<unknown>, 'event'>>(host.inSequence);
  let change: ChannelChange = {
    state: 'unsubscribed',
    previous: 'unsubscribed',
    code: 'unsubscribe',
    reason: 'unsubscribe',
  };
  let presence: Presence | null = null;
  // The `ref` of the current request; `null` if the channel is not requested on this connection.
  let asked: string | null = null;
  let isWatched = false;
  // True while the channel is unsubscribed because its listeners are behind.
  let isBehind = false;
  // True if the channel must resubscribe, because frames were dropped.
  let isStale = false;
  // True if the server has confirmed a subscription since the first subscriber was added.
  let hasBegun = false;
  // True if the channel starts again for another user: listeners must load their state.
  let isForgotten = false;
  // Id of the last received event.
  let received: string | undefined;
  // Functions that remove the listeners.
  const removers = new Set<Stop>();

  const inbox = createInbox<RealtimeEvent>(() => {
    channel.onIdle?.();
    if (!isBehind) return;
    isBehind = false;
    host.changed(channel);
  });

  /** The only function that changes the state. */
  const move = (code: ChannelCause, about?: Partial<Pick<ChannelChange, 'reason' | 'recovered' | 'error'>>): void => {
    const previous = change.state;
    const state = nextState<ChannelState, ChannelCause>(CHANNEL_STATES, previous, code);
    if (!state) return;
    if (state !== 'subscribed') asked = null;
    if (state === 'refused') present(null);
    change = { state, previous, code, reason: code, ...about };
    host.debug('channel', { channel: name, ...change });
    listeners.emit('state', change);
  };
  const startAt = (lastEventId?: string): void => {
    received = inbox.lastEventId = lastEventId;
  };
  const reset = (reason: Reset['reason'], lastEventId: string | undefined): void => {
    inbox.clear(); // waiting events are older than the state to be loaded
    received = lastEventId;
    listeners.emit('reset', { channel: name, reason, lastEventId }, inbox.hold(lastEventId));
  };
  const present = (now: Presence | null): void => {
    if (presence === now) return;
    presence = now;
    listeners.emit('presence', now ?? NO_MEMBERS);
  };

  const takers: {
    [
      T in Exclude<
        ChannelFrame['type'],
        'history' | 'presence_updated' | 'stream' | 'stream_cancelled' | LiveFrame['type']
      >
    ]: (frame: Extract<ChannelFrame, { type: T }>) => void;
  } = {
    event({ data, timestamp, id }) {
      if (change.state !== 'subscribed') return; // unsubscribed meanwhile; missed events will be replayed
      if (id) {
        if (isSeen(id, received)) return;
        received = id;
      }
      if (inbox.push({ channel: name, data, timestamp, id }, id) > host.maxWaitingEvents) {
        isBehind = true;
        host.changed(channel);
      }
    },
    subscribed({ ref, recovered, reason, lastEventId }) {
      if (ref !== asked || change.state !== 'subscribing') return;
      if (reason === 'already_subscribed') {
        isStale = true;
        return host.changed(channel);
      }
      // Without a position, the server cannot detect missed events.
      const why = isForgotten ? 'other_user' : (reason ?? (hasBegun && !received ? 'no_history' : undefined));
      hasBegun = true;
      isForgotten = false;
      if (!why && recovered === undefined) startAt(lastEventId);
      move('subscribed', { recovered: why ? false : recovered });
      if (why) reset(why, lastEventId);
    },
    unsubscribed({ reason }) {
      if (reason === 'unavailable') {
        move('lost', { reason });
        host.askLater();
      } else if (reason) move('revoked', { reason, error: new RealtimeError('forbidden', reason, { channel: name }) });
    },
    resync({ reason, lastEventId }) {
      if (change.state === 'subscribed') reset(reason, lastEventId);
    },
    presence: (frame) => present(nowPresent(presence, frame)),
    presence_diff: (frame) => present(nowPresent(presence, frame)),
    error(frame) {
      const error = errorOf(frame);
      host.failed(error);
      if (frame.ref !== asked || change.state !== 'subscribing') return;
      if (LATER.test(error.code)) host.askLater();
      else move('refused', { reason: error.message, error });
    },
  };

  const channel: ClientChannel = {
    name,
    get change() {
      return change;
    },
    get state() {
      return change.state;
    },
    get users() {
      return users.size;
    },
    get lastEventId() {
      return inbox.lastEventId;
    },
    get presence() {
      return presence;
    },
    get isIdle() {
      return removers.size === 0 && change.state === 'unsubscribed';
    },
    subscribe(options) {
      const user = { ...options };
      users.add(user);
      // `after` can come from a store. An invalid position is unknown to the server, and a reset follows.
      if (change.state === 'unsubscribed') startAt((user.after ?? null) === null ? undefined : `${user.after}`);
      move('subscribe');
      host.changed(channel, true);
      return () => {
        if (users.delete(user)) host.changed(channel);
      };
    },
    unsubscribe() {
      const [user] = users;
      if (users.delete(user!)) host.changed(channel);
    },
    retry() {
      if (change.state !== 'refused') return;
      move('subscribe');
      host.changed(channel);
    },
    on(what, listener) {
      const remove =
        what === 'event'
          ? inbox.add(listener as ChannelListeners<unknown>['event'])
          : listeners.on(what as 'reset', listener as never);
      removers.add(remove);
      host.changed(channel);
      return () => {
        remove();
        if (removers.delete(remove)) host.changed(channel);
      };
    },
    once: onceOf((what, listener) => channel.on(what, listener)) as Channel['once'],
    sync(changes) {
      // Deferred, because a recreated view removes and adds its subscriber in one step.
      const isWanted = users.size > 0 && !isBehind && change.state !== 'refused';
      if (changes && asked && (isStale || !isWanted)) {
        changes.leave.push(name);
        asked = null;
      }
      isStale = false;
      if (users.size === 0 && change.state !== 'unsubscribed') {
        isBehind = hasBegun = isForgotten = false;
        inbox.clear();
        move('unsubscribe');
        present(null);
      }
      if (!changes) return;
      if (isBehind && change.code !== 'behind') move('behind');
      if (!isWanted) return;
      const isNew = !asked;
      if (isNew || !isWatched) {
        const [user] = users;
        const target = { channel: name, presence: (isWatched = [...users].some((one) => one.presence)) || undefined };
        const last = user!.last! >>> 0 || undefined; // the server would refuse the whole frame
        if (isNew) changes.join.push({ ...target, lastEventId: received?.slice(0, MAX_EVENT_ID_LENGTH), last });
        else if (isWatched) changes.watch.push(target);
      }
      asked ??= changes.ref;
    },
    take(frame) {
      if (Object.hasOwn(takers, frame.type)) (takers[frame.type as 'event'] as (frame: ChannelFrame) => void)(frame);
    },
    lost(reason) {
      if (change.state === 'subscribed' || change.code === 'behind') move('lost', { reason });
      channel.askAgain();
    },
    askAgain() {
      if (change.state === 'subscribing') asked = null;
      channel.retry();
      host.changed(channel);
    },
    forgetPresence: () => present(null),
    forget() {
      inbox.clear();
      isBehind = false; // waiting events were dropped
      startAt();
      isForgotten = hasBegun;
      move('other_user');
    },
    closed: () => listeners.emit('closed', undefined),
  };
  return channel;
}

/** Returns true if an event has the epoch of the last received one and is not newer. */
function isSeen(id: string, last = ''): boolean {
  const [epoch, offset] = id.split('-');
  const [lastEpoch, lastOffset] = last.split('-');
  return epoch === lastEpoch && +offset! <= +lastOffset!;
}
