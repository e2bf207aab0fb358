import {
  decodeClientFrame,
  ERROR_CODES,
  FEATURES,
  isStateReload,
  isWildcard,
  wildcardPrefix,
  type ClientRequest,
  type ErrorCode,
  type EventFrame,
  type HistoryReason,
  type SubscribeTarget,
  type Unstamped,
  type User,
} from '../protocol/index.js';
import type { FakeEnv, FakeOwner, FakeWire } from './fake-env.js';
import { FakePrincipal } from './fake-principal.js';

/** Interval of presence updates that the fake server announces, in milliseconds. */
const STATE_INTERVAL_MS = 100;

/** One connection to a fake server, from the server's side. */
export class FakeConnection {
  /** All requests of the client, normalized. */
  readonly received: ClientRequest[] = [];
  readonly subscriptions = new Set<string>();
  /** Subscriptions for the state of a live resource. */
  readonly stateChannels = new Set<string>();
  /** Id of an earlier connection of the client, as it named it. */
  earlierId: string | undefined;
  readonly #watched = new Set<string>();
  /** Subscriptions that the server made, until the client asks for the channel. */
  readonly #byServer = new Set<string>();
  /**
   * While true, the connection receives and sends nothing, like a broken network link that neither side has noticed.
   */
  isSilent = false;
  /** True after the end of the connection. */
  isOver = false;
  #isIdentified = false;
  #refusedAuths = 0;
  readonly #principal: FakePrincipal;

  constructor(
    private readonly wire: FakeWire,
    private readonly env: FakeEnv,
    readonly id: string,
  ) {
    this.#principal = new FakePrincipal(env, () => {
      this.#refuse('token_expired');
      this.close(4401, 'no valid token');
    });
  }

  get user(): User | null {
    return this.#principal.user;
  }

  /** @param token token from the URL or the subprotocols; `null` without one */
  open(token: string | null): void {
    const owner = token === null ? null : this.#ownerOf(token);
    if (token !== null && owner === null) return this.close(4401, 'no valid token');
    if (owner !== null) this.#principal.become(owner);
    if (token !== null || this.env.anonymous) this.#connected();
  }

  /** Handles a message of the client. */
  take(text: string): void {
    if (this.isSilent) return;
    const { request, bad } = decodeClientFrame(text);
    if (request === undefined) {
      this.send({ type: 'error', ...bad });
      return;
    }
    this.received.push(request);
    if (!this.#isIdentified && request.type !== 'auth') this.#refuse('auth_required', request.ref);
    else this.#dispatch(request);
  }

  send(frame: Unstamped): void {
    this.sendText(JSON.stringify({ ...frame, timestamp: new Date().toISOString() }));
  }

  sendText(text: string): void {
    if (!this.isSilent) this.wire.send(text);
  }

  close(code: number, reason: string): void {
    this.ended();
    this.wire.close(code, reason);
  }

  /** Cleans up after the socket has closed. */
  ended(): void {
    this.isOver = true;
    this.#principal.stop();
  }

  /** Subscribes the client like a server, without a request. */
  subscribe(name: string): void {
    const { lastEventId } = this.env.channel(name);
    if (!this.subscriptions.has(name)) this.#byServer.add(name);
    this.subscriptions.add(name);
    this.send({ type: 'subscribed', channel: name, ...(lastEventId !== undefined && { lastEventId }), server: true });
    this.env.recount(name);
  }

  /** Ends a subscription like a server. Does nothing without one. */
  unsubscribe(channel: string): void {
    if (!this.#leave(channel)) return;
    this.send({ type: 'unsubscribed', channel, reason: 'by_server' });
    this.env.recount(channel);
  }

  #leave(channel: string): boolean {
    this.stateChannels.delete(channel);
    return this.subscriptions.delete(channel);
  }

  #dispatch(request: ClientRequest): void {
    const ref = withRef(request.ref);
    switch (request.type) {
      case 'subscribe':
        this.earlierId = request.connectionId ?? this.earlierId;
        for (const target of request.targets) this.#subscribe(target, request.ref);
        return;
      case 'unsubscribe':
        for (const channel of request.channels) {
          if (this.#leave(channel)) {
            this.send({ type: 'unsubscribed', channel, ...ref });
            this.#watched.delete(channel);
            this.env.recount(channel);
          } else this.#refuse('not_subscribed', request.ref, channel);
        }
        return;
      case 'ping':
        return this.send({ type: 'pong', ...ref });
      case 'auth':
        return this.#auth(request.token, request.ref);
      case 'list_channels':
        return this.send({
          type: 'channels',
          channels: this.#principal.authorized(),
          subscribed: [...this.subscriptions],
          ...ref,
        });
      case 'presence':
        return this.send({ type: 'presence', channel: request.channel, members: [], count: 0, ...ref });
      case 'presence_update':
        return this.#updateState(request);
      case 'history':
        return this.#history(request);
      case 'occupancy':
        return this.#occupancy(request);
      case 'call':
        if (this.env.commands === undefined) return this.#refuse('unknown_command', request.ref);
        return this.env.commands.take(this, request);
      case 'cancel':
        return this.env.commands?.cancel(this, request.callId);
      case 'stream_cancel':
        return this.#cancelStream(request);
      case 'stats':
        return this.#refuse('forbidden', request.ref);
      default:
        request satisfies never; // a new command needs an answer here
    }
  }

  /** Sends the number of a channel's subscribers if the client watches it. */
  sendCount(channel: string, count: number): void {
    if (this.#watched.has(channel)) this.send({ type: 'occupancy', counts: { [channel]: count } });
  }

  #occupancy({ channel, watch = false, ref }: Extract<ClientRequest, { type: 'occupancy' }>): void {
    const refusal = this.env.refusal(channel, this.user);
    if (refusal !== null) return this.#refuse(refusal, ref, channel);
    if (watch && !this.subscriptions.has(channel)) return this.#refuse('not_subscribed', ref, channel);
    this.send({ type: 'occupancy', counts: { [channel]: this.env.subscribers(channel) }, ...withRef(ref) });
    if (watch) this.#watched.add(channel);
  }

  #subscribe(target: SubscribeTarget, ref: string | undefined): void {
    const prefix = isWildcard(target.channel) ? wildcardPrefix(target.channel) : null;
    const names =
      prefix === null ? [target.channel] : this.env.channelNames().filter((name) => name.startsWith(prefix));
    for (const name of names) this.#subscribeOne({ ...target, channel: name }, ref);
  }

  #updateState({ channel, ref }: Extract<ClientRequest, { type: 'presence_update' }>): void {
    if (!this.subscriptions.has(channel)) return this.#refuse('not_subscribed', ref, channel);
    this.send({ type: 'presence_updated', channel, intervalMs: STATE_INTERVAL_MS, ...withRef(ref) });
  }

  #history({ channel: name, limit, before, ref }: Extract<ClientRequest, { type: 'history' }>): void {
    const refusal = this.#principal.refusal(name);
    if (refusal !== null) return this.#refuse(refusal, ref, name);
    const channel = this.env.channel(name);
    const hasHistory = channel.lastEventId !== undefined && this.env.stream(name) === undefined;
    const page = channel.page(limit, before);
    const reason: HistoryReason | undefined = hasHistory ? (page === null ? 'unknown_epoch' : undefined) : 'no_history';
    const events = (page?.frames ?? []).map((text) => JSON.parse(text) as EventFrame);
    const about = { events, more: page?.more ?? false, ...(reason && { reason }) };
    this.send({ type: 'history', channel: name, ...about, ...withRef(ref) });
  }

  #cancelStream({ channel, ref }: Extract<ClientRequest, { type: 'stream_cancel' }>): void {
    const stream = this.env.stream(channel);
    const refused = (code: ErrorCode, message?: string): void => this.#refuse(code, ref, channel, message);
    const refusal = this.#principal.refusal(channel);
    if (refusal !== null) return refused(refusal);
    if (stream === undefined) return refused('stream_disabled');
    const forbidden = this.env.cancelRefusal(channel, this.user);
    if (forbidden !== null) return refused(forbidden, 'Not authorized to cancel this stream');
    if (!stream.cancel()) return refused('not_found', 'No stream of this channel is open');
    this.send({ type: 'stream_cancelled', channel, ...withRef(ref) });
  }

  /** Subscribes to a stream, or refuses a target that does not fit the channel. @returns false for other channels */
  #readStream({ channel: name, stream: from }: SubscribeTarget, ref: string | undefined): boolean {
    const stream = this.env.stream(name);
    if (from === undefined && stream === undefined) return false;
    if (from === undefined || stream === undefined) {
      this.#refuse(from === undefined ? 'stream_required' : 'stream_disabled', ref, name);
      return true;
    }
    this.subscriptions.add(name);
    this.env.recount(name);
    this.send({ type: 'subscribed', channel: name, stream: stream.info, ...withRef(ref) });
    stream.join(this, from);
    return true;
  }

  #subscribeOne(target: SubscribeTarget, ref: string | undefined): void {
    const { channel: name, lastEventId, last, state } = target;
    const refusal = this.#principal.refusal(name);
    if (refusal !== null) return this.#refuse(refusal, ref, name);
    const isLive = state === true;
    if (isLive && !this.env.states.has(name)) {
      const message = 'This channel has no state: define it with @LiveResource, or subscribe without `state`';
      return this.#refuse('invalid_message', ref, name, message);
    }
    if (this.#readStream(target, ref)) return;
    const channel = this.env.channel(name);
    const here = channel.lastEventId === undefined ? {} : { lastEventId: channel.lastEventId };
    const wasServers = this.#byServer.delete(name);
    const isRestart = (lastEventId ?? last) !== undefined;
    if (this.subscriptions.has(name) && !(wasServers && isRestart)) {
      if (isLive) {
        this.stateChannels.add(name);
        this.send({ type: 'subscribed', channel: name, state: true, ...withRef(ref) });
        return this.env.states.sendTo(this, name);
      }
      const again = {
        ...(lastEventId !== undefined && { recovered: false }),
        ...(last !== undefined && { rewound: 0 }),
        ...(isRestart && ({ reason: 'already_subscribed' } as const)),
      };
      return this.send({ type: 'subscribed', channel: name, ...again, ...here, ...withRef(ref) });
    }
    this.subscriptions.add(name);
    if (isLive) this.stateChannels.add(name);
    this.env.recount(name);
    const recovery = lastEventId === undefined ? null : channel.recover(lastEventId, [this.id, this.earlierId]);
    if (recovery?.recovered === true) {
      this.send({ type: 'subscribed', channel: name, recovered: true, lastEventId: lastEventId!, ...withRef(ref) });
      for (const text of recovery.missed) {
        // The state contains everything after a change that is larger than an event.
        if (isLive && isStateReload((JSON.parse(text) as EventFrame).data)) return this.env.states.sendTo(this, name);
        this.sendText(text);
      }
      return;
    }
    if (isLive) {
      this.send({ type: 'subscribed', channel: name, ...recovery, state: true, ...withRef(ref) });
      return this.env.states.sendTo(this, name);
    }
    const { frames, from } = channel.last(last ?? 0);
    const position = channel.lastEventId === undefined ? {} : { lastEventId: from };
    const rewind = last === undefined ? {} : { rewound: frames.length };
    this.send({ type: 'subscribed', channel: name, ...recovery, ...position, ...rewind, ...withRef(ref) });
    for (const text of frames) this.sendText(text);
  }

  #auth(token: string, ref: string | undefined): void {
    const owner = this.#ownerOf(token, ref);
    if (owner === null) {
      this.#refusedAuths += 1;
      if (this.#refusedAuths >= 3) this.close(4401, 'no valid token');
      return;
    }
    if (this.user !== null && this.user.userId !== owner.user?.userId) return this.#refuse('forbidden', ref);
    this.#principal.become(owner);
    if (!this.#isIdentified) return this.#connected(ref);
    this.send({
      type: 'authenticated',
      connectionId: this.id,
      ...this.#principal.fields(),
      ...withRef(ref),
    });
    for (const channel of this.subscriptions) {
      if (this.#principal.refusal(channel) === null) continue;
      this.#leave(channel);
      this.send({ type: 'unsubscribed', channel, reason: 'access_revoked' });
    }
  }

  /** @returns `null` if the token is invalid; the client has received the error */
  #ownerOf(token: string, ref?: string): FakeOwner | null {
    const owner = this.env.identify(token);
    if (typeof owner !== 'string') return owner;
    this.#refuse(owner, ref);
    return null;
  }

  #connected(ref?: string): void {
    const { commands, hasStreams } = this.env;
    this.#isIdentified = true;
    this.send({
      type: 'connected',
      connectionId: this.id,
      ...this.#principal.fields(),
      heartbeatMs: this.env.heartbeatMs,
      features: [...FEATURES, ...(commands ? ['commands'] : []), 'state', ...(hasStreams ? ['streams'] : [])],
      ...withRef(ref),
    });
    for (const channel of this.env.autoSubscribed(this.user)) this.subscribe(channel);
  }

  #refuse(code: ErrorCode, ref?: string, channel?: string, message?: string): void {
    const about = channel === undefined ? {} : { channel };
    this.send({ type: 'error', code, message: message ?? ERROR_CODES[code].message, ...about, ...withRef(ref) });
  }
}

function withRef(ref: string | undefined): { ref?: string } {
  return ref === undefined ? {} : { ref };
}
