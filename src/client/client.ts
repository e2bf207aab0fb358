import { channelNameProblem } from '../protocol/channel-name.js';
import type { ServerFrame } from '../protocol/frames.js';
import { delayBefore } from './backoff.js';
import { ClientChannel, type ChannelHost } from './channel.js';
import { Emitter } from './emitter.js';
import { RealtimeError } from './errors.js';
import { resolveOptions, type RealtimeClientOptions, type ResolvedOptions } from './options.js';
import { watchPage } from './page-life.js';
import { errorOf } from './requests.js';
import { Session, type SessionEnd } from './session.js';
import type { Dialling } from './socket.js';
import { CLIENT_STATES, nextState, type ClientCause, type ClientState } from './states.js';
import { subscribeFrames } from './subscribe-frames.js';
import { TokenKeeper } from './token-keeper.js';
import type { ClientListeners, Identity, RequestFrame, StateChange, Stop } from './types.js';

/** A connection that ended sooner than this did not work, however it began, in milliseconds. */
const STABLE_AFTER_MS = 5_000;

/** The longest time that a timer can wait, in milliseconds. */
const MAX_TIMER_MS = 2_147_483_647;

/** How long before its end a token is exchanged, in milliseconds; a fifth of its life at most. */
const MAX_MARGIN_MS = 60_000;

/** Frames that mean something to the client: all others are the application's. */
const OWN: ReadonlySet<string> = new Set(['connected', 'authenticated', 'pong', 'reconnect', 'channels', 'stats']);

type AnyChannel = ClientChannel<unknown>;

/** Joins the states, the token, the one session at a time, and the channels. */
export class Client implements ChannelHost {
  change: StateChange = { state: 'idle', previous: 'idle', code: 'close', reason: 'Nobody wanted a connection yet' };
  identity: Identity | null = null;
  readonly maxWaitingEvents: number;
  readonly #options: ResolvedOptions;
  readonly #tokens: TokenKeeper;
  // name → channel
  readonly #channels = new Map<string, AnyChannel>();
  readonly #listeners = new Emitter<ClientListeners>((error) => this.listenerFailed(error));
  #dialling: Dialling | undefined;
  #session: Session | null = null;
  /** Which attempt to connect counts: what an earlier one still brings is dropped. */
  #attempt: object | null = null;
  #readyAt: number | null = null;
  #failures = 0;
  #tokenRefusals = 0;
  #asks = 0;
  #isOffline = false;
  #willLook = false;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #renewTimer: ReturnType<typeof setTimeout> | undefined;
  #askTimer: ReturnType<typeof setTimeout> | undefined;
  #unwatchPage: Stop | undefined;

  constructor(options: RealtimeClientOptions) {
    this.#options = resolveOptions(options);
    this.#tokens = new TokenKeeper(options);
    this.maxWaitingEvents = this.#options.maxWaitingEvents;
  }

  get state(): ClientState {
    return this.change.state;
  }

  connect(): void {
    this.#dialling = this.#options.dialling(); // throws before anything has changed
    this.#move({ cause: 'connect', reason: 'The application asked' });
  }

  close(): void {
    this.#end({ cause: 'close', reason: 'The application asked' });
    for (const channel of this.#channels.values()) channel.closed();
  }

  channel(name: string): AnyChannel {
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      const problem = channelNameProblem(name);
      if (problem !== null) throw new RealtimeError('invalid_channel', `The channel "${name}" ${problem}`, name);
      channel = new ClientChannel(name, this);
      this.#channels.set(name, channel);
    }
    return channel;
  }

  on<N extends keyof ClientListeners>(name: N, listener: ClientListeners[N]): Stop {
    return this.#listeners.on(name, listener);
  }

  async request(frame: RequestFrame): Promise<ServerFrame> {
    const session = this.#readySession;
    if (session === null) throw new RealtimeError('not_connected', `There is no connection: ${this.change.reason}`);
    return session.request(frame);
  }

  async reauthenticate(): Promise<void> {
    this.#tokens.forget();
    if (this.#readySession !== null) await this.#bringToken(this.#readySession);
  }

  wake(): void {
    if (this.#session === null) this.#move({ cause: 'woken', reason: 'The page is in use again' });
    else this.#session.check();
  }

  // What channels need.

  wanted(): void {
    if (this.state === 'idle') this.connect();
  }

  changed(): void {
    if (this.#willLook) return;
    this.#willLook = true;
    void Promise.resolve().then(() => {
      this.#willLook = false;
      this.#look();
    });
  }

  askLater(): void {
    clearTimeout(this.#askTimer);
    const { minDelayMs } = this.#options;
    this.#askTimer = setTimeout(
      () => {
        for (const channel of this.#channels.values()) if (channel.isUnanswered) channel.forgetAsked();
        this.#look();
      },
      minDelayMs + delayBefore(1, minDelayMs, Infinity),
    );
  }

  failed(error: RealtimeError): void {
    this.#listeners.emit('error', error);
  }

  listenerFailed(cause: unknown): void {
    if (this.#listeners.has('error')) {
      this.failed(new RealtimeError('listener_failed', `A listener failed: ${String(cause)}`, undefined, cause));
      return;
    }
    // As an EventTarget does: it is the application's error, and nobody else would see it.
    setTimeout(() => {
      throw cause;
    });
  }

  get #readySession(): Session | null {
    return this.state === 'connected' ? this.#session : null;
  }

  /** Tells the server what channels want by now. */
  #look(): void {
    const channels = [...this.#channels.values()];
    for (const channel of channels) channel.settle();
    const session = this.#readySession;
    if (session === null) return;
    const out = channels.filter((channel) => channel.wantsOut);
    for (const channel of out) channel.forgetAsked();
    if (out.length > 0) session.send({ type: 'unsubscribe', channels: out.map(({ name }) => name) });
    this.#asks += 1;
    const ref = `s${this.#asks}`;
    const targets = channels.filter((channel) => channel.wantsIn).map((channel) => channel.ask(ref));
    for (const frame of subscribeFrames(targets, ref)) session.send(frame);
    const watched = channels.filter((channel) => channel.wantsPresence).map((channel) => channel.askPresence());
    for (const frame of subscribeFrames(watched)) session.send(frame);
  }

  async #open(): Promise<void> {
    const attempt = {};
    this.#attempt = attempt;
    let token: string | null;
    try {
      token = await this.#tokens.get();
    } catch (error) {
      if (attempt !== this.#attempt) return;
      this.failed(error as RealtimeError);
      this.#ended({ cause: 'token_failed', reason: (error as RealtimeError).message });
      return;
    }
    if (attempt !== this.#attempt) return;
    const session: Session = new Session(this.#dialling!, token, this.#options.timeoutMs, {
      identified: (identity, tokenEndsInMs) => this.#identified(identity, tokenEndsInMs),
      received: (frame) => this.#received(frame),
      failed: (error) => this.failed(error),
      ended: (end) => this.#ended(end),
    });
    this.#session = session;
  }

  #identified(identity: Identity, tokenEndsInMs: number): void {
    this.identity = identity;
    this.#renewBefore(tokenEndsInMs);
    if (this.state === 'connecting') {
      this.#readyAt = performance.now();
      this.#move({ cause: 'ready', reason: 'The server has said who we are' });
    } else {
      for (const channel of this.#channels.values()) channel.retryRefused();
    }
    this.#listeners.emit('identity', identity);
    this.#look();
  }

  /** @param ms how long the token is good from now */
  #renewBefore(ms: number): void {
    const margin = Math.min(MAX_MARGIN_MS, ms / 5);
    this.#tokens.endsIn(ms - margin);
    clearTimeout(this.#renewTimer);
    // Not at the same moment as everybody who signed in together.
    if (ms < Infinity && this.#tokens.canRenew) this.#renewIn(ms - margin * (1 + Math.random()), 0);
  }

  #renewIn(ms: number, failures: number): void {
    const session = this.#session!;
    const { minDelayMs, maxDelayMs } = this.#options;
    const renew = async (): Promise<void> => {
      try {
        await this.#bringToken(session);
      } catch (error) {
        if (session !== this.#session) return;
        this.failed(error as RealtimeError);
        this.#renewIn(delayBefore(failures + 1, minDelayMs, maxDelayMs), failures + 1);
      }
    };
    this.#renewTimer = setTimeout(() => void renew(), Math.min(ms, MAX_TIMER_MS));
  }

  async #bringToken(session: Session): Promise<void> {
    const token = await this.#tokens.renew();
    if (session !== this.#session) return;
    if (token === null) session.end({ cause: 'other_user', reason: 'There is no token any more' });
    else await session.authenticate(token);
  }

  #received(frame: ServerFrame): void {
    if ('channel' in frame && frame.channel !== undefined) {
      this.#channels.get(frame.channel)?.take(frame);
    } else if (frame.type === 'error') {
      this.failed(errorOf(frame));
      if (frame.code === 'rate_limited') this.askLater();
    } else if (!OWN.has(frame.type)) {
      this.#listeners.emit('message', frame as never);
    }
  }

  #end(end: SessionEnd): void {
    if (this.#session === null) this.#ended(end);
    else this.#session.end(end);
  }

  /** Every end of an attempt or of a session, from either side. */
  #ended(end: SessionEnd): void {
    this.#attempt = null;
    this.#session = null;
    for (const timer of [this.#renewTimer, this.#askTimer]) clearTimeout(timer);
    const lived = this.#readyAt === null ? 0 : performance.now() - this.#readyAt;
    this.#readyAt = null;
    if (lived >= STABLE_AFTER_MS) this.#tokenRefusals = 0;
    // Whoever sent too fast has to slow down, however long that went well.
    if (lived >= STABLE_AFTER_MS && end.closeCode !== 4503) this.#failures = 0;
    for (const channel of this.#channels.values()) channel.lost(end.reason);
    this.#move(end.cause === 'token_refused' ? this.#tokenRefused(end) : end);
  }

  #tokenRefused(end: SessionEnd): SessionEnd {
    this.#tokens.forget();
    this.#tokenRefusals += 1;
    const isEnough = !this.#tokens.canRenew || this.#tokenRefusals >= this.#options.maxTokenRefusals;
    return isEnough ? { ...end, cause: 'refused' } : end;
  }

  /** The one door for changes of state, and what each state begins with. */
  #move({ cause, reason, closeCode, retryInMs }: SessionEnd): void {
    const previous = this.state;
    const state = nextState<ClientState, ClientCause>(CLIENT_STATES, previous, cause);
    if (state === undefined) return;
    clearTimeout(this.#retryTimer);
    const wait = state === 'waiting' ? Math.min(this.#waitAfter(cause, retryInMs), MAX_TIMER_MS) : undefined;
    this.change = {
      state,
      previous,
      code: cause,
      reason,
      ...(closeCode !== undefined && { closeCode }),
      ...(wait !== undefined && { retryInMs: wait }),
    };
    if (state === 'idle' || state === 'closed') this.#stop();
    if (state === 'connecting') this.#start(previous);
    if (wait !== undefined) {
      this.#retryTimer = setTimeout(() => this.#move({ cause: 'retry', reason: 'The wait is over' }), wait);
    }
    this.#listeners.emit('state', this.change);
    // A listener may have changed it again.
    if (this.state === 'waiting' && this.#isOffline) this.#wentOffline();
  }

  #waitAfter(cause: ClientCause, retryInMs: number | undefined): number {
    const { minDelayMs, maxDelayMs } = this.#options;
    // A token that ended, or was exchanged, says nothing about the server: the first try is at once.
    if (cause === 'other_user' || (cause === 'token_refused' && this.#tokenRefusals === 1)) return 0;
    const delay = delayBefore(this.#failures, minDelayMs, maxDelayMs);
    this.#failures += 1;
    return retryInMs ?? delay;
  }

  #start(previous: ClientState): void {
    if (previous === 'idle' || previous === 'closed') {
      this.#failures = 0;
      this.#tokenRefusals = 0;
      this.#isOffline = false;
      this.#unwatchPage ??= watchPage({
        offline: () => this.#wentOffline(),
        online: () => {
          this.#isOffline = false;
          this.#session?.check();
          this.#move({ cause: 'online', reason: 'The browser is online again' });
        },
        hidden: () => this.#end({ cause: 'hidden', reason: 'The page was left' }),
        shown: () => this.#move({ cause: 'shown', reason: 'The page is shown again' }),
        woken: () => this.wake(),
      });
    }
    void this.#open();
  }

  #wentOffline(): void {
    this.#isOffline = true;
    this.#session?.check(); // it may live: a browser knows of its network, not of ours
    this.#move({ cause: 'offline', reason: 'The browser is offline' });
  }

  #stop(): void {
    this.#unwatchPage?.();
    this.#unwatchPage = undefined;
    this.identity = null;
  }
}
