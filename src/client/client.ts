import type { RealtimeEvents } from '../protocol/events.js';
import type { ServerFrame } from '../protocol/frames.js';
import { createAttempts } from './attempts.js';
import type { ChannelFrame, ChannelHost } from './channel.js';
import { createChannels } from './channels.js';
import { createEmitter, createSequence, onceOf } from './emitter.js';
import { errorOf, RealtimeError, REPORT } from './errors.js';
import { connectOptionsOf, resolveOptions, type RealtimeClientOptions, type TokenReason } from './options.js';
import { outsideZone } from './outside-zone.js';
import { watchPage } from './page-lifecycle.js';
import { openSession, type Session, type SessionEnd, type SessionListener } from './session.js';
import type { ConnectOptions } from './socket.js';
import { CLIENT_STATES, nextState, type ClientCause, type ClientState } from './states.js';
import { createTokens } from './tokens.js';
import type { InternalListeners } from './internals.js';
import type { Identity, RealtimeClient, RequestOptions, StateChange, Stop } from './types.js';

/**
 * Creates a client. It does nothing until `connect()`, or until a channel gets its first subscriber.
 *
 *     const client = createRealtimeClient({ url: '/ws', getToken: () => session.token() });
 *     client.channel('apps:created').on('event', ({ data }) => show(data.name));
 *     client.channel('apps:created').subscribe();
 *
 * `E` is the event map. @default RealtimeEvents
 * @throws TypeError with the invalid option
 */
export function createRealtimeClient<E extends object = RealtimeEvents>(
  given: RealtimeClientOptions,
): RealtimeClient<E> {
  const options = resolveOptions(given);
  const { debug } = options;
  const [inSequence, batch] = createSequence();
  const listeners = createEmitter<InternalListeners>(inSequence);
  let change: StateChange = { state: 'idle', previous: 'idle', code: 'close', reason: 'not connected yet' };
  let identity: Identity | null = null;
  // Tenant and user of the channels' positions.
  let tenant = '';
  let owner: string | undefined;
  let target: ConnectOptions;
  let session: Session | null = null;
  // The current attempt to connect: results of earlier ones are dropped.
  let attempt: object | null = null;
  // Frames that wait until the identity is known, and the last call of `reauthenticate` that they wait for.
  let held: ServerFrame[] | null = null;
  let holder: object;
  // The last call that gets and sends a token.
  let sending: Promise<void>;
  let sends = 0;
  let isOffline = false;
  let willSync = false;
  let retryTimer: ReturnType<typeof setTimeout> | undefined;
  let askTimer: ReturnType<typeof setTimeout> | undefined;
  let unwatchPage: Stop | undefined;

  const failed = (error: RealtimeError): void => {
    debug('error', error);
    listeners.emit('error', error);
  };
  const readySession = (): Session | null => (change.state === 'connected' ? session : null);

  const host: ChannelHost = {
    ...options,
    inSequence,
    changed(channel, isNew) {
      channels.changed(channel);
      if (isNew && change.state === 'idle') client.connect();
      if (willSync) return;
      willSync = true;
      void Promise.resolve().then(() => {
        willSync = false;
        batch(() => channels.sync(readySession(), client.connectionId));
      });
    },
    askLater() {
      clearTimeout(askTimer);
      askTimer = setTimeout(askAgain, options.minDelayMs * (1 + 2 * Math.random()));
    },
    failed,
  };
  const channels = createChannels(host);
  const askAgain = (): void => {
    channels.forEach((channel) => channel.askAgain());
    channels.sync(readySession(), client.connectionId);
  };

  const noToken = (error: RealtimeError): void => {
    const { code, message: reason } = error;
    batch(() => {
      if (code !== 'signed_out') failed(error);
      end({ cause: code as 'token_failed' | 'signed_out', reason });
    });
  };

  const sendToken = (reason: TokenReason): Promise<void> => (sending = getAndSend(reason, (sends += 1)));
  const getAndSend = async (reason: TokenReason, own: number): Promise<void> => {
    const to = session;
    try {
      const token = await tokens.renew(reason);
      if (to !== session) return;
      // A later call waited for the same token, and sends it.
      if (own !== sends) return await sending;
      const wasAnonymous = identity?.user === null;
      // A sign-in on an anonymous connection also changes the user: its channels must start again.
      if (wasAnonymous !== (token === null)) to?.end({ cause: 'other_user' });
      else if (token !== null) {
        await to?.authenticate(token).catch((error: RealtimeError) => {
          // This connection keeps its last token, but the next one needs another.
          if (error.code.startsWith('token_')) tokens.forget('refused');
          throw error;
        });
      }
    } catch (error) {
      if (to === session && (error as RealtimeError).code === 'signed_out') noToken(error as RealtimeError);
      else throw error;
    }
  };
  const attempts = createAttempts(options, failed);
  const tokens = createTokens(options, () => sendToken('expiring'), failed);

  /** Drops positions and waiting frames, because they belong to the former user. */
  const forgetUser = (): void => {
    owner = undefined;
    held = null;
    channels.forEach((channel) => channel.forget());
    identify(null);
  };
  const identify = (who: Identity | null): void => {
    if (!who && !identity) return;
    if (!who) channels.forEach((channel) => channel.forgetPresence());
    identity = who;
    listeners.emit('identity', who);
  };

  const authenticated: SessionListener['authenticated'] = (who, tokenEndsInMs) =>
    batch(() => {
      client.connectionId ??= who.connectionId;
      // A renewal cannot change it.
      if (who.type === 'connected') tenant = who.tenant ?? '';
      const next = `${tenant} ${who.user?.userId ?? ''}`;
      if (owner && owner !== next) forgetUser();
      owner = next;
      tokens.endsIn(tokenEndsInMs);
      attempts.ready(change.state === 'connecting');
      move({ cause: 'ready', transport: who.transport ?? 'websocket' });
      identify(who);
      askAgain();
    });
  const received: SessionListener['received'] = (frame) =>
    batch(() => {
      const { channel, server } = frame as { readonly channel?: string; readonly server?: true };
      if (held) {
        if (held.push(frame) > options.maxWaitingEvents) end({ cause: 'lost', reason: 'behind' });
        return;
      }
      listeners.emit('frame', frame); // in sequence: after the channel has handled it
      if (channel && !server) channels.used(channel)?.take(frame as ChannelFrame);
      else if (frame.type !== 'error') listeners.emit('message', frame as never);
      else {
        failed(errorOf(frame));
        if (frame.code === 'rate_limited') host.askLater();
      }
    });

  const end = (how: SessionEnd): void => (session ? session.end(how) : ended(how));

  /** Handles every end of an attempt or session, from either side. */
  const ended = (how: SessionEnd): void =>
    batch(() => {
      attempt = session = held = null;
      tokens.rest();
      clearTimeout(askTimer);
      const { cause } = how;
      const next = attempts.ended(how);
      if (next) tokens.forget('refused');
      channels.forEach((channel) => channel.lost(how.reason ?? cause));
      if (cause === 'other_user' || cause === 'signed_out') forgetUser();
      move(next === 'refused' ? { ...how, cause: next } : how);
    });

  /** The only function that changes the state, and starts the actions of the new state. */
  const move = (how: SessionEnd): void =>
    batch(() => {
      const { cause, reason, closeCode, transport } = how;
      const previous = change.state;
      const state = nextState<ClientState, ClientCause>(CLIENT_STATES, previous, cause);
      if (!state || (state === previous && change.code === cause)) return;
      clearTimeout(retryTimer);
      const retryInMs =
        state === 'waiting'
          ? attempts.retryInMs(how, target.url)
          : cause === 'offline'
            ? options.maxDelayMs
            : undefined;
      if (retryInMs !== undefined) retryTimer = setTimeout(() => move({ cause: 'retry' }), retryInMs);
      change = { state, previous, code: cause, reason: reason || cause, closeCode, retryInMs, transport };
      debug('state', change);
      listeners.emit('state', change);
      if (state === 'closed') {
        unwatchPage?.();
        unwatchPage = undefined;
        identify(null);
        tokens.stop(); // last, because a listener of its signal may connect again
      }
      if (state === 'connecting') void begin();
      if (isOffline && retryInMs !== 0) move({ cause: 'offline' });
    });

  /** Starts an attempt to connect. */
  const begin = async (): Promise<void> => {
    if (!unwatchPage) {
      attempts.reset();
      isOffline = false;
      unwatchPage = watchPage((cause) => {
        isOffline = cause === 'offline' || (isOffline && cause !== 'online');
        // `offline` can be about a network that is not in use, and `online` about its replacement: check the connection.
        if (cause === 'hidden') return end({ cause });
        session?.check();
        move({ cause });
      });
    }
    const own = (attempt = {});
    try {
      const token = await tokens.get();
      // Signed out: drop the former user's data, also while there is no connection.
      if (own === attempt && !token && identity?.user) batch(forgetUser);
      if (own !== attempt) return; // a listener of that change may also have ended it
      session = openSession(target, token, options, { authenticated, received, failed, ended });
    } catch (error) {
      if (own === attempt) noToken(error as RealtimeError);
    }
  };

  const reauthenticate = async (): Promise<void> => {
    if (tokens.forget('reauthenticate')) return;
    attempts.ready(false);
    const to = readySession();
    if (!to) {
      tokens.stop(); // before the change is announced: a listener may connect again
      if (change.state === 'connecting') end({ cause: 'other_user' });
      else if (change.code.startsWith('token')) move({ cause: 'retry' }); // it waits because of the former token
      return;
    }
    const own = (holder = {});
    held ??= [];
    try {
      await sendToken('reauthenticate');
    } catch (error) {
      // The user of the connection is unknown now.
      if (to === session) {
        tokens.forget('reauthenticate');
        end({ cause: 'other_user', reason: (error as RealtimeError).message });
      }
      throw error;
    }
    if (own !== holder) return;
    const frames = held;
    held = null;
    frames?.forEach((frame) => to === session && received(frame)); // a listener may end it
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
    get transport() {
      return change.transport;
    },
    get renewal() {
      return held && sending;
    },
    connect() {
      target = connectOptionsOf(options); // throws before any change
      outsideZone(() => move({ cause: 'connect' }));
    },
    close() {
      end({ cause: 'close' });
      channels.forEach((channel) => channel.closed());
    },
    [REPORT]: failed,
    channel: channels.get,
    on: listeners.on,
    once: onceOf(listeners.on),
    async request(frame: { type: string }, requestOptions?: RequestOptions) {
      const to = readySession();
      if (!to) throw new RealtimeError('not_connected', change.reason);
      return outsideZone(() => to.request(frame, requestOptions));
    },
    send(frame: { type: string }) {
      readySession()?.send(frame);
      return readySession() !== null;
    },
    reauthenticate: () => outsideZone(reauthenticate),
    wake() {
      outsideZone(() => {
        session?.check();
        move({ cause: 'woken' });
      });
    },
  } as { connect(): void; connectionId?: string | undefined };
  // The implementation does not use the event map: only the interface ties names to payloads.
  return client as unknown as RealtimeClient<E>;
}
