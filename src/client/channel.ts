import type { ServerFrame, SubscribeTarget } from '../protocol/frames.js';
import { createEmitter } from './emitter.js';
import { errorOf, RealtimeError } from './errors.js';
import { createInbox } from './inbox.js';
import { iterate } from './iterate.js';
import { nowPresent } from './presence.js';
import { CHANNEL_STATES, nextState, type ChannelCause, type ChannelState } from './states.js';
import type {
  Channel,
  ChannelChange,
  ChannelListeners,
  Presence,
  RealtimeEvent,
  Reset,
  SubscribeOptions,
} from './types.js';

/** What a channel needs of its client. */
export interface ChannelHost {
  readonly maxWaitingEvents: number;
  /** What it wants of the server has changed: look soon. @param isNew it has a new user: connect where nobody is */
  changed(isNew?: boolean): void;
  /** The server may say yes later. */
  askLater(): void;
  failed(error: RealtimeError): void;
}

/** What channels want of the server. */
export interface Wishes {
  readonly ref: string;
  readonly leave: string[];
  readonly join: SubscribeTarget[];
  /** Subscribed to already, and now to be told who is here. */
  readonly watch: SubscribeTarget[];
}

/** A frame about one channel. */
type ChannelFrame = Extract<ServerFrame, { channel: string }> | Extract<ServerFrame, { type: 'error' }>;

/** A channel, as its client sees it. */
export interface ClientChannel extends Channel {
  /** Adds what it wants by now. @param wishes `null` while there is no connection */
  look(wishes: Wishes | null): void;
  take(frame: ChannelFrame): void;
  /** The connection ended: what it had, it goes on with. */
  lost(reason: string): void;
  /** Rights may have changed, or the time has come: asks again for what it did not get. */
  askAgain(): void;
  /** The application closed the client. */
  closed(): void;
}

type Listeners = ChannelListeners<unknown> & { closed: (nothing: undefined) => void };

/** What the server may say yes to later. */
const LATER = /^(unavailable|internal|rate_limited)$/;

/** A channel: its users, where it stands on the wire, and its listeners. */
export function createChannel(name: string, host: ChannelHost): ClientChannel {
  const users = new Set<SubscribeOptions>();
  const listeners = createEmitter<Omit<Listeners, 'event'>>();
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
  // The last event that came in.
  let received: string | undefined;

  const inbox = createInbox<RealtimeEvent>(() => {
    if (!isBehind) return;
    isBehind = false;
    host.changed();
  });

  /** The one door for changes. */
  const move = (code: ChannelCause, about?: Partial<Pick<ChannelChange, 'reason' | 'recovered' | 'error'>>): void => {
    const previous = change.state;
    const state = nextState<ChannelState, ChannelCause>(CHANNEL_STATES, previous, code);
    if (state === undefined) return;
    if (state !== 'subscribed') asked = null;
    change = { state, previous, code, reason: code, ...about };
    listeners.emit('state', change);
  };
  const startAt = (lastEventId: string | undefined): void => {
    received = inbox.lastEventId = lastEventId;
  };
  const reset = ({ reason, lastEventId }: Pick<Reset, 'reason' | 'lastEventId'>): void => {
    inbox.clear(); // what waits is older than the state that is loaded now
    received = lastEventId;
    listeners.emit('reset', { channel: name, reason, lastEventId }, inbox.hold(lastEventId));
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
        host.changed();
      }
    },
    subscribed({ ref, recovered, reason, lastEventId }) {
      if (ref !== asked || change.state !== 'subscribing') return;
      if (reason === 'already_subscribed') {
        isStale = true;
        return host.changed();
      }
      if (recovered === undefined) startAt(lastEventId);
      move('subscribed', { recovered });
      if (reason) reset({ reason, lastEventId });
    },
    unsubscribed({ reason }) {
      if (reason === 'unavailable') {
        move('lost', { reason });
        host.askLater();
      } else if (reason) move('revoked', { reason, error: new RealtimeError('forbidden', reason, { channel: name }) });
    },
    resync(frame) {
      if (change.state === 'subscribed') reset(frame);
    },
    presence: (frame) => present(frame),
    presence_diff: (frame) => present(frame),
    error(frame) {
      const error = errorOf(frame);
      host.failed(error);
      if (frame.ref !== asked || change.state !== 'subscribing') return;
      if (LATER.test(error.code)) host.askLater();
      else move('refused', { reason: error.message, error });
    },
  };
  const present = (frame: Extract<ServerFrame, { type: 'presence' | 'presence_diff' }>): void => {
    presence = nowPresent(presence, frame);
    if (presence !== null) listeners.emit('presence', presence);
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
    subscribe(options) {
      const user = { ...options };
      users.add(user);
      if (change.state === 'unsubscribed') {
        startAt(user.after);
        move('subscribe');
      }
      host.changed(true);
      return () => {
        users.delete(user);
        host.changed();
      };
    },
    unsubscribe() {
      const [user] = users;
      users.delete(user!);
      host.changed();
    },
    on: (what, listener) =>
      what === 'event'
        ? inbox.add(listener as ChannelListeners<unknown>['event'])
        : listeners.on(what as 'reset', listener as never),
    [Symbol.asyncIterator]: () => iterate(channel, (ended) => listeners.on('closed', ended)),
    look(wishes) {
      // Not as soon as it has no user: a view that is made anew leaves and comes back in one step.
      const isWanted = users.size > 0 && !isBehind && change.state !== 'refused';
      if (wishes && asked && (isStale || !isWanted)) {
        wishes.leave.push(name);
        asked = null;
      }
      isStale = false;
      if (users.size === 0 && change.state !== 'unsubscribed') {
        isBehind = false;
        inbox.clear();
        presence = null;
        move('unsubscribe');
      }
      if (isBehind) move('behind');
      if (!wishes || !isWanted) return;
      const isNew = asked === null;
      if (isNew || !isWatched) {
        const target = { channel: name, presence: (isWatched = [...users].some((user) => user.presence)) || undefined };
        if (isNew) wishes.join.push({ ...target, lastEventId: received });
        else if (isWatched) wishes.watch.push(target);
      }
      asked ??= wishes.ref;
    },
    take: (frame) => (takers as Partial<Record<string, (frame: ChannelFrame) => void>>)[frame.type]?.(frame),
    lost(reason) {
      asked = null;
      move('lost', { reason });
      channel.askAgain();
    },
    askAgain() {
      if (change.state === 'subscribing') asked = null;
      if (change.state === 'refused') move('subscribe');
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
