import { isChannelName } from '../protocol/channel-name.js';
import type { RealtimeEvents } from '../protocol/events.js';
import type { ServerFrame } from '../protocol/frames.js';
import { delayBefore } from './backoff.js';
import { createChannel, type ChannelHost, type ClientChannel, type Wishes } from './channel.js';
import { createEmitter } from './emitter.js';
import { errorOf, RealtimeError } from './errors.js';
import { diallingOf, resolveOptions, type RealtimeClientOptions } from './options.js';
import { watchPage } from './page-life.js';
import { openSession, type Session, type SessionEnd } from './session.js';
import type { Dialling } from './socket.js';
import { CLIENT_STATES, nextState, type ClientCause, type ClientState } from './states.js';
import { createTokens } from './tokens.js';
import type { ClientListeners, Identity, RealtimeClient, StateChange, Stop } from './types.js';

/** A connection that ended sooner than this did not work, however it began, in milliseconds. */
const STABLE_AFTER_MS = 5_000;

/** Tokens that may be refused in a row before the client stays away. */
const MAX_TOKEN_REFUSALS = 3;

/** Channels that one frame names: with the longest names and ids it is within what servers take (64 KiB). */
const MAX_BATCH = 100;

/**
 * Makes a client. It does nothing until `connect()`, or until a channel gets its first user.
 *
 *     const client = createRealtimeClient({ url: '/ws', getToken: () => session.token() });
 *     client.channel('apps:created').on('event', ({ data }) => show(data.name));
 *     client.channel('apps:created').subscribe();
 *
 * `E` is the event map, `RealtimeEvents` unless another is given.
 * @throws TypeError that names a wrong option
 */
export function createRealtimeClient<E extends object = RealtimeEvents>(
  given: RealtimeClientOptions,
): RealtimeClient<E> {
  const options = resolveOptions(given);
  const { minDelayMs, maxDelayMs } = options;
  // name → channel
  const channels = new Map<string, ClientChannel>();
  const listeners = createEmitter<ClientListeners>();
  let change: StateChange = { state: 'idle', previous: 'idle', code: 'close', reason: 'close' };
  let identity: Identity | null = null;
  let dialling: Dialling;
  let session: Session | null = null;
  // Which attempt to connect counts: what an earlier one still brings is dropped.
  let attempt: object | null = null;
  let readyAt = Infinity;
  let failures = 0;
  let tokenRefusals = 0;
  let asks = 0;
  let isOffline = false;
  let willLook = false;
  let retryTimer: ReturnType<typeof setTimeout> | undefined;
  let askTimer: ReturnType<typeof setTimeout> | undefined;
  let unwatchPage: Stop | undefined;

  const failed = (error: RealtimeError): void => listeners.emit('error', error);
  const readySession = (): Session | null => (change.state === 'connected' ? session : null);

  /** Tells the server what channels want by now. */
  const look = (): void => {
    const to = readySession();
    asks += 1;
    const wishes: Wishes = { ref: `s${asks}`, leave: [], join: [], watch: [] };
    for (const channel of channels.values()) channel.look(to && wishes);
    const { ref, leave, join, watch } = wishes;
    while (leave.length > 0) to?.send({ type: 'unsubscribe', channels: leave.splice(0, MAX_BATCH) });
    while (join.length > 0) to?.send({ type: 'subscribe', channels: join.splice(0, MAX_BATCH), ref });
    while (watch.length > 0) to?.send({ type: 'subscribe', channels: watch.splice(0, MAX_BATCH) });
  };
  const askAgain = (): void => {
    for (const channel of channels.values()) channel.askAgain();
    look();
  };

  const host: ChannelHost = {
    maxWaitingEvents: options.maxWaitingEvents,
    changed(isNew) {
      if (isNew && change.state === 'idle') client.connect();
      if (willLook) return;
      willLook = true;
      void Promise.resolve().then(() => {
        willLook = false;
        look();
      });
    },
    askLater() {
      clearTimeout(askTimer);
      askTimer = setTimeout(askAgain, minDelayMs + delayBefore(1, minDelayMs, maxDelayMs));
    },
    failed,
  };

  const open = async (): Promise<void> => {
    const own = (attempt = {});
    let token: string | null;
    try {
      token = await tokens.get();
    } catch (error) {
      if (own !== attempt) return;
      failed(error as RealtimeError);
      ended({ cause: 'token_failed', reason: (error as RealtimeError).message });
      return;
    }
    if (own === attempt) session = openSession(dialling, token, options.timeoutMs, identified, received, ended);
  };

  const bringToken = async (): Promise<void> => {
    const to = session;
    const token = await tokens.renew();
    if (to !== session) return;
    if (token === null) to?.end({ cause: 'other_user' });
    else await to?.authenticate(token);
  };
  const tokens = createTokens(options, bringToken, failed);

  const identified = (who: Identity, tokenEndsInMs: number): void => {
    identity = who;
    tokens.endsIn(tokenEndsInMs);
    if (change.state === 'connecting') readyAt = performance.now();
    move({ cause: 'ready' });
    listeners.emit('identity', who);
    askAgain();
  };

  const received = (frame: ServerFrame): void => {
    if ('channel' in frame && frame.channel !== undefined) channels.get(frame.channel)?.take(frame);
    else if (frame.type !== 'error') listeners.emit('message', frame as never);
    else {
      failed(errorOf(frame));
      if (frame.code === 'rate_limited') host.askLater();
    }
  };

  const end = (how: SessionEnd): void => (session === null ? ended(how) : session.end(how));

  /** Every end of an attempt or of a session, from either side. */
  const ended = (how: SessionEnd): void => {
    attempt = session = null;
    tokens.stop();
    clearTimeout(askTimer);
    if (performance.now() - readyAt >= STABLE_AFTER_MS) tokenRefusals = failures = 0;
    readyAt = Infinity;
    for (const channel of channels.values()) channel.lost(how.reason ?? how.cause);
    if (how.cause === 'token_refused') {
      tokens.forget();
      tokenRefusals += 1;
      if (!options.getToken || tokenRefusals >= MAX_TOKEN_REFUSALS) return move({ ...how, cause: 'refused' });
    }
    move(how);
  };

  /** The one door for changes of state, and what each state begins with. */
  const move = ({ cause, reason, closeCode, retryInMs: askedMs }: SessionEnd): void => {
    const previous = change.state;
    const state = nextState<ClientState, ClientCause>(CLIENT_STATES, previous, cause);
    if (state === undefined) return;
    clearTimeout(retryTimer);
    let retryInMs: number | undefined;
    if (state === 'waiting') {
      retryInMs = waitAfter(cause, askedMs);
      retryTimer = setTimeout(() => move({ cause: 'retry' }), retryInMs);
    }
    change = { state, previous, code: cause, reason: reason || cause, closeCode, retryInMs };
    if (state === 'connecting') begin();
    if (state === 'idle' || state === 'closed') {
      unwatchPage?.();
      unwatchPage = undefined;
      identity = null;
    }
    listeners.emit('state', change);
    // A listener may have changed it again.
    if (isOffline) move({ cause: 'offline' });
  };

  const waitAfter = (cause: ClientCause, retryInMs: number | undefined): number => {
    // A token that ended, or was exchanged, says nothing about the server: the first try is at once.
    if (cause === 'other_user' || (cause === 'token_refused' && tokenRefusals === 1)) return 0;
    failures += 1;
    // A browser does not say that an upgrade was refused because of its token.
    if (failures % 2 === 0) tokens.forget();
    return retryInMs ?? delayBefore(failures - 1, minDelayMs, maxDelayMs);
  };

  const begin = (): void => {
    if (!unwatchPage) {
      failures = tokenRefusals = 0;
      isOffline = false;
      unwatchPage = watchPage((cause) => {
        isOffline = cause === 'offline' || (isOffline && cause !== 'online');
        // A network that went may not be ours, and one that came may be another: look.
        if (cause === 'hidden') end({ cause });
        else session?.check();
        move({ cause });
      });
    }
    void open();
  };

  const client = {
    get state() {
      return change.state;
    },
    get change() {
      return change;
    },
    get identity() {
      return identity;
    },
    connect() {
      dialling = diallingOf(options); // throws before anything has changed
      move({ cause: 'connect' });
    },
    close() {
      end({ cause: 'close' });
      for (const channel of channels.values()) channel.closed();
    },
    channel(name: string) {
      const known = channels.get(name);
      if (known) return known;
      if (!isChannelName(name)) throw new RealtimeError('invalid_channel', `"${name}" is no name of a channel`);
      const channel = createChannel(name, host);
      channels.set(name, channel);
      return channel;
    },
    on: listeners.on,
    async request(frame: { type: string }) {
      const to = readySession();
      if (to === null) throw new RealtimeError('not_connected', change.reason);
      return to.request(frame);
    },
    async reauthenticate() {
      tokens.forget();
      if (readySession()) await bringToken();
    },
    wake() {
      session?.check();
      move({ cause: 'woken' });
    },
  };
  // What is above knows nothing of the event map: names and payloads are joined by the interface alone.
  return client as unknown as RealtimeClient<E>;
}
