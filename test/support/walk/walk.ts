import { createRealtimeClient, type RealtimeClient, type StateChange, type Stop } from '../../../src/client/index.js';
import { FakeRealtimeServer } from '../../../src/testing/index.js';
import { pass } from '../virtual-client.js';
import { CallRecord, WINDOW_MS } from './call-record.js';
import { CallWatch, type WalkCall } from './call-watch.js';
import { ClientWatch } from './client-watch.js';
import { ContentRecord, LOGS } from './content-record.js';
import { ContentWatch } from './content-watch.js';
import { changeContent, type WalkContent } from './walk-content.js';
import { Consumers } from './consumers.js';
import { microtasks } from '../microtasks.js';
import { fakePage, type PageEvent } from './fake-page.js';
import { RateLimit } from './rate-limit.js';
import { taggedSockets, type Hanging } from './tagged-socket.js';
import { TokenSource, USERS } from './token-source.js';

export const CHANNELS = ['room:one', 'room:two', 'room:three'] as const;
export type Name = (typeof CHANNELS)[number];

export const HEARTBEAT_MS = 20_000;

/** How long the client can wait before it calls `getToken`, after many calls, in milliseconds. */
const MAX_PAUSE_MS = 3_000;

/** A client and its environment on a virtual clock. Records each violated guarantee. */
export class Walk {
  readonly problems: string[] = [];
  readonly tokens = new TokenSource((problem) => this.problems.push(problem));
  readonly refused = new Set<string>();
  readonly record: CallRecord = new CallRecord((name): string | undefined => this.server.lastEventId(name));
  readonly server: FakeRealtimeServer = new FakeRealtimeServer({
    anonymous: true,
    historySize: 30,
    commands: this.record.handlers,
    commandWindowMs: WINDOW_MS,
    channels: CHANNELS,
    heartbeatMs: HEARTBEAT_MS,
    identify: (token) => this.tokens.identify(token),
    streams: LOGS,
    refuse: (channel) => (this.refused.has(channel) || this.content.refused.has(channel) ? 'forbidden' : null),
  });
  readonly content: ContentRecord = new ContentRecord(this.server);
  readonly client: RealtimeClient;
  readonly watch: ClientWatch;
  readonly calls: CallWatch;
  readonly contentWatch: ContentWatch;
  readonly consumers: Consumers;
  // Channels that the server has not refused on this connection.
  readonly #expected = new Set<string>();
  /** How new sockets hang. */
  hanging: Hanging = 'no';
  readonly #users = new Map<string, Stop[]>();
  // channel → its position when a subscriber left
  readonly #left = new Map<string, string | undefined>();
  readonly #asked: RateLimit;
  isHidden = false;
  #isOffline = false;
  #silencedAt: number | undefined;
  #isHung = false;
  // The latest sign-in, and the last one that the server confirmed, unless the user changed afterwards.
  #signIn = {};
  #confirmed = {};
  #belief: { user?: string | undefined } = {}; // of the calls since the last sign-in
  // A sign-in that has not requested a token yet: number of requests before it, its connection, and its deadline.
  #unasked: { readonly calls: number; readonly change: StateChange; readonly by: number } | undefined;

  constructor() {
    fakePage.install();
    this.#asked = new RateLimit((problem) => this.problems.push(problem));
    this.client = createRealtimeClient({
      url: 'ws://fake/ws',
      WebSocket: taggedSockets(this.server, {
        opens: () => {
          this.#silencedAt = undefined;
          this.#isHung = this.hanging !== 'no';
          this.#asked.count('connections');
          if (this.client.state !== 'connecting') this.#report(`it opens a socket while ${this.client.state}`);
        },
        hanging: () => this.hanging,
        sends: ({ type, ref, channel, lastEventId, channels }, as) => {
          if (type !== 'subscribe' || ref === undefined) return; // a frame without a ref adds presence
          for (const target of channels ?? [{ channel: channel!, lastEventId }]) {
            this.watch.channels.get(target.channel)?.resumesAt(target.lastEventId, as);
          }
        },
        receives: (frame, token) => {
          this.tokens.receives(frame, token);
          if (frame.type === 'authenticated' || frame.type === 'error') this.watch.isSigningIn = false;
          if (frame.type === 'authenticated' && this.hanging === 'after authenticated')
            setTimeout(() => this.server.cut(), 1);
        },
        fails: (error) => this.#report(`a frame makes it throw ${String(error)}`),
      }),
      getToken: (request) => {
        if (!request.signal.aborted) {
          this.#asked.count('calls of getToken');
          if (/closed|idle/.test(this.client.state)) this.#report(`getToken is called while ${this.client.state}`);
        }
        return this.tokens.get(request, this.client.state === 'connected');
      },
      maxWaitingEvents: 20,
    });
    this.client.on('state', ({ code, state }) => {
      if (state === 'connected') {
        for (const name of CHANNELS) if (!this.refused.has(name)) this.#expected.add(name);
      }
      if (state === 'closed') this.#isOffline = false;
      if (state !== 'connected') this.watch.isSigningIn = false;
      if (code === 'silent' && this.#silencedAt === undefined && !this.#isHung)
        this.#report('silent, but it was answered');
      if (state !== 'connected' && state !== 'connecting') this.#silencedAt = undefined;
    });
    this.watch = new ClientWatch(this.client, CHANNELS, this.problems);
    this.calls = new CallWatch(this.client, CHANNELS, this.record, (problem) => this.#report(problem));
    this.contentWatch = new ContentWatch(this.client, this.content, (problem) => this.#report(problem));
    this.consumers = new Consumers(this.watch, (name) => Number(this.server.lastEventId(name)!.split('-')[1]));
  }

  /** @param then happens before any of it arrives */
  async publish(name: string, count: number, then?: () => unknown): Promise<void> {
    for (let left = count; left > 0; left -= 1) this.server.publish(name as never, {} as never);
    then?.();
    await pass();
  }

  /** The server reports that events are missing. */
  resync(name: Name): void {
    const lastEventId = this.server.publish(name as never, {} as never)!;
    for (const connection of this.server.open) {
      if (!connection.subscriptions.has(name)) continue;
      connection.send({ type: 'resync', channel: name, reason: 'expired', lastEventId });
    }
  }

  /** Number of subscribers of a channel, without `for await` loops. */
  usersOf(name: Name): number {
    return (this.#users.get(name)?.length ?? 0) + (this.consumers.isFollowing(name) ? 1 : 0);
  }

  /** @param isResuming resumes from the position of the last subscriber, if there is none now */
  use(name: Name, isResuming: boolean, last?: number): void {
    this.#asked.asks();
    const stop = this.watch.channels.get(name)!.use(isResuming ? this.#left.get(name) : undefined, last);
    this.#users.set(name, [...(this.#users.get(name) ?? []), stop]);
  }

  leave(name: Name): void {
    this.#left.set(name, this.client.channel<string>(name).lastEventId);
    this.#users.get(name)?.pop()?.();
  }

  /** Subscribes to a channel briefly, without a listener. */
  visit(name: string): void {
    this.#asked.asks();
    const stop = this.client.channel<string>(name).subscribe();
    setTimeout(stop, Math.random() < 0.5 ? 0 : 200);
  }

  call(to: WalkCall): void {
    if (to.offline === 'queue') this.#asked.asks();
    const belief = this.#belief;
    this.calls.call(to, () => belief.user);
  }

  change(to: WalkContent): void {
    this.#asked.asks();
    changeContent(this.content, this.contentWatch, to);
  }

  connect(): void {
    this.#asked.asks();
    this.isHidden = false;
    const { ambush } = this.watch;
    this.client.connect();
    if (this.watch.ambush === ambush && !this.client.state.startsWith('connect')) {
      this.#report(`${this.client.state} after connect()`);
    }
  }

  close(): void {
    const { ambush } = this.watch;
    this.client.close();
    if (this.watch.ambush === ambush && this.client.state !== 'closed')
      this.#report(`${this.client.state} after close()`);
  }

  wake(): void {
    this.#asked.asks();
    this.isHidden = false;
    const { ambush } = this.watch;
    this.client.wake();
    if (this.watch.ambush === ambush && /waiting|paused/.test(this.client.state)) {
      this.#report(`${this.client.state} after wake()`);
    }
  }

  fire(event: PageEvent): void {
    this.#asked.asks();
    const isWatched = /connect|waiting|paused/.test(this.client.state);
    if (event === 'pagehide') this.isHidden = isWatched;
    else if (event !== 'offline') this.isHidden = false;
    if (event === 'offline') this.#isOffline = isWatched;
    if (event === 'online') this.#isOffline = false;
    fakePage.dispatch(event);
  }

  /** Drops the connection repeatedly, for longer than a short token is valid. */
  flap(): void {
    for (let times = 1; times <= 8; times += 1) {
      setTimeout(() => {
        this.server.cut();
        void microtasks().then(() => this.connect());
      }, 700 * times);
    }
  }

  /** Makes the server refuse a channel. */
  refuse(name: Name): void {
    this.refused.add(name);
    this.#expected.delete(name);
  }

  /** Makes the server end a subscription. */
  unsubscribe(name: Name, reason: 'access_revoked' | 'unavailable'): void {
    this.#expected.delete(name);
    for (const connection of this.server.open) {
      if (connection.subscriptions.delete(name)) connection.send({ type: 'unsubscribed', channel: name, reason });
    }
  }

  silence(): void {
    if (this.client.state === 'connected') this.#silencedAt ??= performance.now();
    this.server.silence();
  }

  /** The next token can belong to another user, or to none. */
  expectAnyone(): void {
    this.#confirmed = {};
    this.watch.signedIn = this.#belief.user = undefined;
    this.#belief = {};
  }

  /** Signs in, or only renews the token. */
  reauthenticate(who: (typeof USERS)[number] = this.tokens.who): void {
    this.#asked.asks();
    this.tokens.who = who;
    this.watch.signedIn = undefined;
    const own = (this.#signIn = this.#confirmed = {});
    const former = this.client.state === 'connected' ? this.server.open.at(-1) : undefined;
    const { works, calls } = this.tokens;
    this.#belief = { user: works ? who : undefined };
    this.watch.isSigningIn = former !== undefined && works;
    const isNewest = (): boolean => own === this.#signIn;
    void this.client.reauthenticate().then(
      () => {
        if (own === this.#confirmed && works && this.client.state === 'connected') this.watch.signedIn = who;
      },
      () => {
        const isOpen = former !== undefined && this.server.open.includes(former);
        if (isNewest() && isOpen) this.#report('a sign-in fails, and the connection of the former user stays');
      },
    );
    this.#unasked = former && { calls, change: this.client.change, by: performance.now() + MAX_PAUSE_MS + 1 };
  }

  /** Signs in twice: as another user before the first token has arrived. */
  async reauthenticateTwice(who: (typeof USERS)[number]): Promise<void> {
    this.reauthenticate(who);
    await microtasks();
    this.reauthenticate(USERS[1 - USERS.indexOf(who)]);
  }

  /** Checks the invariants between two steps. */
  check(): void {
    this.watch.check();
    this.tokens.check();
    this.consumers.check();
    this.#checkSignIn();
    const { state: current, retryInMs } = this.client.change;
    if (this.#isOffline && current === 'waiting' && retryInMs !== 0) this.#report('attempts continue while offline');
    for (const name of this.#expected) {
      const { state } = this.client.channel<string>(name);
      if (state === 'refused' && this.client.state === 'connected') this.#report(`${name} is not asked for again`);
    }
    if (this.isHidden && this.server.open.length > 0) this.#report('a hidden page has a connection');
    if (this.#silencedAt !== undefined && performance.now() > this.#silencedAt + HEARTBEAT_MS + 1) {
      this.#report('a dead connection is not noticed within the heartbeat');
    }
  }

  /** Ends all faults. */
  heal(): void {
    this.server.isDown = false;
    this.hanging = 'no';
    this.watch.slowMs = 0;
    this.refused.clear();
    this.consumers.load = 'good';
    this.tokens.kind = 'good';
    this.expectAnyone();
  }

  /** A sign-in asks for a token soon, unless its connection ends. */
  #checkSignIn(): void {
    const { calls, change, by } = this.#unasked ?? {};
    if (calls !== this.tokens.calls || change !== this.client.change) this.#unasked = undefined;
    else if (performance.now() > by!) this.#report('a sign-in asks for no token');
  }

  #report(problem: string): void {
    this.problems.push(problem);
  }
}
