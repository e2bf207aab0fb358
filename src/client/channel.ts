import type { ServerFrame, SubscribeTarget } from '../protocol/frames.js';
import { parsePosition, type Position } from '../protocol/position.js';
import { Emitter } from './emitter.js';
import { RealtimeError } from './errors.js';
import { callListener, Inbox } from './inbox.js';
import { iterate } from './iterate.js';
import { nowPresent } from './presence.js';
import { errorOf } from './requests.js';
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
  /** It is wanted: connect where nobody is. */
  wanted(): void;
  /** What it wants of the server has changed: look soon. */
  changed(): void;
  /** The server may say yes later. */
  askLater(): void;
  failed(error: RealtimeError): void;
  listenerFailed(error: unknown): void;
}

/** A frame about one channel. */
export type ChannelFrame = Extract<ServerFrame, { channel: string }> | Refusal;

type Refusal = Extract<ServerFrame, { type: 'error' }>;

const AGAIN: ReadonlySet<string> = new Set(['unavailable', 'internal', 'rate_limited']);

/** A channel: its users, where it stands on the wire, and its listeners. */
export class ClientChannel<T> implements Channel<T> {
  change: ChannelChange = { state: 'unsubscribed', previous: 'unsubscribed', code: 'unsubscribe', reason: '' };
  presence: Presence | null = null;
  users = 0;
  #watchers = 0;
  /** The subscription that counts: the `ref` of the request, until its answer is there. `null`: not asked for. */
  #asked: string | null = null;
  #isWatched = false;
  /** It was left because its listeners are behind. */
  #isBehind = false;
  /** The last event that came in. */
  #at: Position | null = null;
  #received: string | undefined;
  readonly #inbox: Inbox<RealtimeEvent<T>>;
  readonly #listeners: Emitter<Pick<ChannelListeners<T>, 'state' | 'presence'>>;
  readonly #resets = new Set<ChannelListeners<T>['reset']>();
  /** Who wants to know when it cannot go on. */
  readonly #enders = new Set<(error: RealtimeError | null) => void>();

  constructor(
    readonly name: string,
    private readonly host: ChannelHost,
  ) {
    const failed = (error: unknown): void => host.listenerFailed(error);
    this.#listeners = new Emitter(failed);
    this.#inbox = new Inbox(failed, () => this.#caughtUp());
  }

  get state(): ChannelState {
    return this.change.state;
  }

  get lastEventId(): string | undefined {
    return this.#inbox.lastEventId;
  }

  subscribe({ after, presence = false }: SubscribeOptions = {}): Stop {
    this.users += 1;
    if (presence) this.#watchers += 1;
    if (this.state === 'unsubscribed') {
      this.#startAt(after);
      this.#move('subscribe', 'It got its first user');
    }
    this.host.wanted();
    this.host.changed();
    let isUser = true;
    return () => {
      if (!isUser) return;
      isUser = false;
      if (presence) this.#watchers -= 1;
      this.unsubscribe();
    };
  }

  unsubscribe(): void {
    if (this.users === 0) return;
    this.users -= 1;
    this.host.changed();
  }

  on<N extends keyof ChannelListeners<T>>(name: N, listener: ChannelListeners<T>[N]): Stop {
    if (name === 'event') return this.#inbox.add(listener as ChannelListeners<T>['event']);
    if (name !== 'reset') return this.#listeners.on(name as 'state', listener as ChannelListeners<T>['state']);
    const own: ChannelListeners<T>['reset'] = (reset) => (listener as ChannelListeners<T>['reset'])(reset);
    this.#resets.add(own);
    return () => void this.#resets.delete(own);
  }

  async ready(): Promise<void> {
    if (this.users === 0)
      throw new RealtimeError('unsubscribed', `${this.name} has no user: subscribe first`, this.name);
    if (this.state === 'subscribed') return;
    if (this.change.error !== undefined) throw this.change.error;
    await new Promise<void>((resolve, reject) => {
      const stop = this.on('state', ({ state }) => {
        if (state !== 'subscribed') return;
        stop();
        forget();
        resolve();
      });
      const forget = this.whenEnded((error) => {
        stop();
        forget();
        reject(error ?? new RealtimeError('not_connected', 'The client was closed', this.name));
      });
    });
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<RealtimeEvent<T>> {
    return iterate(this, (ended) => this.whenEnded(ended));
  }

  /** @param ended is given why, and `null` when the client was closed */
  whenEnded(ended: (error: RealtimeError | null) => void): Stop {
    this.#enders.add(ended);
    return () => void this.#enders.delete(ended);
  }

  // What follows is for the client.

  /** Ends it where nobody uses it: not at once, for a view that is made anew leaves and comes back in one step. */
  settle(): void {
    if (this.users > 0 || this.state === 'unsubscribed') return;
    this.#watchers = 0;
    this.#isBehind = false;
    this.presence = null;
    this.#inbox.clear();
    this.#move('unsubscribe', 'Its last user left');
    this.#end(new RealtimeError('unsubscribed', `Nobody uses ${this.name} any more`, this.name));
  }

  /** Whether the server has to be asked for it, on this connection. */
  get wantsIn(): boolean {
    return this.#asked === null && this.users > 0 && !this.#isBehind && this.state !== 'refused';
  }

  /** Whether the server has to be told that it is no longer wanted. */
  get wantsOut(): boolean {
    return this.#asked !== null && (this.users === 0 || this.#isBehind);
  }

  /** Whether it is subscribed to, and now to be asked who is here. */
  get wantsPresence(): boolean {
    return this.#asked !== null && this.#watchers > 0 && !this.#isWatched;
  }

  /** It is being asked for. */
  ask(ref: string): SubscribeTarget {
    this.#asked = ref;
    return { ...this.askPresence(), ...(this.#received !== undefined && { lastEventId: this.#received }) };
  }

  askPresence(): SubscribeTarget {
    this.#isWatched = this.#watchers > 0;
    return { channel: this.name, ...(this.#isWatched && { presence: true }) };
  }

  /** It is being left, or the answer did not come. */
  forgetAsked(): void {
    this.#asked = null;
    this.#isWatched = false;
  }

  /** No answer came to what was asked. */
  get isUnanswered(): boolean {
    return this.#asked !== null && this.state === 'subscribing';
  }

  /** The connection ended: what it had, it goes on with; what was refused may be granted next time. */
  lost(reason: string): void {
    this.forgetAsked();
    this.#move('lost', reason);
    this.retryRefused();
  }

  /** Rights may have changed. */
  retryRefused(): void {
    if (this.state !== 'refused') return;
    this.forgetAsked();
    this.#move('subscribe', 'Asked for again');
  }

  closed(): void {
    this.#end(null);
  }

  take(frame: ChannelFrame): void {
    switch (frame.type) {
      case 'event':
        return this.#event(frame);
      case 'subscribed':
        return this.#subscribed(frame);
      case 'unsubscribed':
        if (frame.reason !== undefined)
          this.#refused('revoked', new RealtimeError('forbidden', 'Access was revoked', this.name));
        return;
      case 'resync':
        if (this.state === 'subscribed') this.#reset(frame);
        return;
      case 'presence':
      case 'presence_diff':
        this.presence = nowPresent(this.presence, frame);
        if (this.presence !== null) this.#listeners.emit('presence', this.presence);
        return;
      case 'error':
        return this.#error(frame);
    }
  }

  #event({ channel, data, timestamp, id }: Extract<ServerFrame, { type: 'event' }>): void {
    if (this.state !== 'subscribed') return; // left meanwhile; what was missed comes again
    if (id !== undefined) {
      const position = parsePosition(id);
      if (position !== null && position.epoch === this.#at?.epoch && position.offset <= this.#at.offset) return;
      this.#received = id;
      this.#at = position;
    }
    this.#inbox.push({ channel, data: data as T, timestamp, ...(id !== undefined && { id }) }, id);
    if (this.#inbox.waiting > this.host.maxWaitingEvents) this.#fallBehind();
  }

  #fallBehind(): void {
    this.#isBehind = true;
    this.#move('behind', `More than ${this.host.maxWaitingEvents} events wait for listeners`);
    this.host.changed();
  }

  #caughtUp(): void {
    if (!this.#isBehind) return;
    this.#isBehind = false;
    this.host.changed();
  }

  #subscribed(frame: Extract<ServerFrame, { type: 'subscribed' }>): void {
    if (frame.ref !== this.#asked || this.state !== 'subscribing') return;
    const { recovered, reason, lastEventId } = frame;
    const isLoss = recovered === false && reason !== 'already_subscribed';
    if (recovered === undefined) this.#startAt(lastEventId);
    this.#move('subscribed', 'The server said so', recovered === undefined ? {} : { recovered: !isLoss });
    if (isLoss && reason !== undefined) {
      this.#reset({ reason, ...(lastEventId !== undefined && { lastEventId }) });
    }
  }

  #error(frame: Refusal): void {
    const error = errorOf(frame);
    this.host.failed(error);
    if (frame.ref === undefined || frame.ref !== this.#asked || this.state !== 'subscribing') return;
    if (!AGAIN.has(error.code)) return this.#refused('refused', error);
    this.forgetAsked();
    this.host.askLater();
  }

  #refused(cause: 'refused' | 'revoked', error: RealtimeError): void {
    this.forgetAsked();
    this.#move(cause, error.message, { error });
    this.#end(error);
  }

  #reset({ reason, lastEventId }: Pick<Reset, 'reason' | 'lastEventId'>): void {
    // What waits is older than the state that is loaded now.
    this.#inbox.clear();
    this.#received = lastEventId;
    this.#at = lastEventId === undefined ? null : parsePosition(lastEventId);
    const release = this.#inbox.hold(lastEventId);
    const reset: Reset = { channel: this.name, reason, ...(lastEventId !== undefined && { lastEventId }) };
    const calls = [...this.#resets].map((listener) =>
      callListener(
        () => listener(reset),
        (error) => this.host.listenerFailed(error),
      ),
    );
    if (calls.every((call) => call === undefined)) release();
    else void Promise.all(calls.map((call) => Promise.resolve(call))).then(release);
  }

  #startAt(lastEventId: string | undefined): void {
    this.#received = lastEventId;
    this.#inbox.lastEventId = lastEventId;
    this.#at = lastEventId === undefined ? null : parsePosition(lastEventId);
  }

  #end(error: RealtimeError | null): void {
    for (const ended of [...this.#enders]) ended(error);
  }

  /** The one door for changes. */
  #move(code: ChannelCause, reason: string, about: Pick<ChannelChange, 'recovered' | 'error'> = {}): void {
    const previous = this.state;
    const state = nextState<ChannelState, ChannelCause>(CHANNEL_STATES, previous, code);
    if (state === undefined) return;
    this.change = { state, previous, code, reason, ...about };
    this.#listeners.emit('state', this.change);
  }
}
