import type { ServerFrame, SubscribeTarget } from '../protocol/frames.js';
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

/** What a channel needs of its client. */
export interface ChannelHost {
  readonly maxWaitingEvents: number;
  readonly inSequence: Sequence;
  readonly debug: Debug;
  /** Something that it wants of the server has changed. @param isNew it has a new user: connect if the client is idle */
  changed(channel: ClientChannel, isNew?: boolean): void;
  /** The server may answer otherwise later. */
  askLater(): void;
  failed(error: RealtimeError): void;
}

/** Changes of subscriptions that are sent together. */
export interface SubscriptionChanges {
  readonly ref: string;
  readonly leave: string[];
  readonly join: SubscribeTarget[];
  /** Subscribed to already, now with presence. */
  readonly watch: SubscribeTarget[];
}

/** A frame about one channel. */
type ChannelFrame = Extract<ServerFrame, { channel: string }> | Extract<ServerFrame, { type: 'error' }>;

/** A channel, as its client sees it. */
export interface ClientChannel extends Channel {
  /** Adds what it wants. @param changes `null` without a connection */
  sync(changes: SubscriptionChanges | null): void;
  take(frame: ChannelFrame): void;
  /** The connection ended: it resumes with the next one. */
  lost(reason: string): void;
  /** Rights may have changed, or the time has come: asks again for what it did not get. */
  askAgain(): void;
  /** It is not known any more who is here. */
  forgetPresence(): void;
  /** The client goes on as another user: drops what is of the former one. */
  forget(): void;
  /** The application closed the client. */
  closed(): void;
  /** Nothing uses it, and nothing listens to it. */
  readonly isIdle: boolean;
}

/** What listeners get when it is not known any more who is here. */
const NO_MEMBERS: Presence = { members: [], count: 0 };

/** Refusals that the server may take back later. */
const LATER = /^(unavailable|internal|rate_limited)$/;

/** A channel: its users, its state on the wire, and its listeners. */
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
  // The `ref` of the request whose answer counts; `null` while it is not asked for, on this connection.
  let asked: string | null = null;
  let isWatched = false;
  // It is left because its listeners are behind, until they are done.
  let isBehind = false;
  // It is left and asked for again: what came of it meanwhile was not taken.
  let isStale = false;
  // It was subscribed to since it has users.
  let hasBegun = false;
  // It begins anew for another user: listeners have to load their state.
  let isForgotten = false;
  // The last event that came in.
  let received: string | undefined;
  // One for each listener.
  const removers = new Set<Stop>();

  const inbox = createInbox<RealtimeEvent>(() => {
    if (!isBehind) return;
    isBehind = false;
    host.changed(channel);
  });

  /** The only way to another state. */
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
  const startAt = (lastEventId: string | undefined): void => {
    received = inbox.lastEventId = lastEventId;
  };
  const reset = (reason: Reset['reason'], lastEventId: string | undefined): void => {
    inbox.clear(); // what waits is older than the state that is loaded now
    received = lastEventId;
    listeners.emit('reset', { channel: name, reason, lastEventId }, inbox.hold(lastEventId));
  };
  const present = (now: Presence | null): void => {
    if (presence === now) return;
    presence = now;
    listeners.emit('presence', now ?? NO_MEMBERS);
  };

  const takers: { [T in ChannelFrame['type']]: (frame: Extract<ChannelFrame, { type: T }>) => void } = {
    event({ data, timestamp, id }) {
      if (change.state !== 'subscribed') return; // left meanwhile; what was missed comes again
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
      // Without a position the server cannot know that something was missed.
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
      // Perhaps from a store: what is not a position is one that the server does not know, and a reset follows.
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
      // Not as soon as it has no user: a view that is rendered anew leaves and comes back in one step.
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
        const target = { channel: name, presence: (isWatched = [...users].some((user) => user.presence)) || undefined };
        if (isNew) changes.join.push({ ...target, lastEventId: received?.slice(0, MAX_EVENT_ID_LENGTH) });
        else if (isWatched) changes.watch.push(target);
      }
      asked ??= changes.ref;
    },
    take(frame) {
      if (Object.hasOwn(takers, frame.type)) (takers[frame.type] as (frame: ChannelFrame) => void)(frame);
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
      isBehind = false; // what waited is gone
      startAt(undefined);
      isForgotten = hasBegun;
      move('other_user');
    },
    closed: () => listeners.emit('closed', undefined),
  };
  return channel;
}

/** Whether an event is of the same epoch as the last one that came in, and not after it. */
function isSeen(id: string, last = ''): boolean {
  const [epoch, offset] = id.split('-');
  const [lastEpoch, lastOffset] = last.split('-');
  return epoch === lastEpoch && +offset! <= +lastOffset!;
}
