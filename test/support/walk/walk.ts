import { jest } from '@jest/globals';
import { createRealtimeClient, type RealtimeClient, type Stop } from '../../../src/client/index.js';
import { FakeRealtimeServer } from '../../../src/testing/index.js';
import { pass } from '../virtual-client.js';
import { ClientWatch } from './client-watch.js';
import { Consumers } from './consumers.js';
import { fakePage, type PageEvent } from './fake-page.js';
import { RateLimit } from './rate-limit.js';
import { taggedSockets, type Hanging } from './tagged-socket.js';
import { TokenSource, USERS } from './token-source.js';

export const CHANNELS = ['room:one', 'room:two', 'room:three'] as const;
export type Name = (typeof CHANNELS)[number];

const HEARTBEAT_MS = 20_000;

/** A client and its surroundings, on a virtual clock, that notes each promise that the client breaks. */
export class Walk {
  readonly problems: string[] = [];
  readonly tokens = new TokenSource((problem) => this.problems.push(problem));
  readonly refused = new Set<string>();
  readonly server = new FakeRealtimeServer({
    anonymous: true,
    historySize: 30,
    channels: CHANNELS,
    heartbeatMs: HEARTBEAT_MS,
    identify: (token) => this.tokens.identify(token),
    refuse: (channel) => (this.refused.has(channel) ? 'forbidden' : null),
  });
  readonly client: RealtimeClient;
  readonly watch: ClientWatch;
  readonly consumers: Consumers;
  // Channels that the server did not refuse on this connection.
  readonly #expected = new Set<string>();
  /** How new sockets hang. */
  hanging: Hanging = 'no';
  readonly #users = new Map<string, Stop[]>();
  readonly #tops = new Map<string, number>();
  // channel → where it stood when a user left
  readonly #left = new Map<string, string | undefined>();
  readonly #asked: RateLimit;
  #isHidden = false;
  #isOffline = false;
  #silencedAt: number | undefined;
  #isHung = false;
  #signIns = 0;

  constructor() {
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
        sends: ({ type, ref, channel, lastEventId, channels }) => {
          if (type !== 'subscribe' || ref === undefined) return; // without a ref it adds presence
          for (const target of channels ?? [{ channel: channel!, lastEventId }]) {
            this.watch.channels.get(target.channel)?.resumesAt(target.lastEventId);
          }
        },
        receives: (frame, token) => {
          this.tokens.hears(frame, token);
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
        return this.tokens.get(request);
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
    this.consumers = new Consumers(this.watch, (name) => this.#tops.get(name) ?? 0);
  }

  async publish(name: string, count: number): Promise<void> {
    for (let left = count; left > 0; left -= 1) {
      const id = this.server.publish(name as never, {} as never);
      this.#tops.set(name, Number(id?.split('-')[1]));
    }
    await pass();
  }

  /** @param isResuming it goes on where the last user left, if it is the first user */
  use(name: Name, isResuming: boolean): void {
    this.#asked.asks();
    const stop = this.watch.channels.get(name)!.use(isResuming ? this.#left.get(name) : undefined);
    this.#users.set(name, [...(this.#users.get(name) ?? []), stop]);
  }

  leave(name: Name): void {
    this.#left.set(name, this.client.channel<string>(name).lastEventId);
    this.#users.get(name)?.pop()?.();
  }

  /** A channel that is used for a moment and that no listener keeps. */
  visit(name: string): void {
    this.#asked.asks();
    const stop = this.client.channel<string>(name).subscribe();
    setTimeout(stop, Math.random() < 0.5 ? 0 : 200);
  }

  connect(): void {
    this.#asked.asks();
    this.#isHidden = false;
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
    this.#isHidden = false;
    const { ambush } = this.watch;
    this.client.wake();
    if (this.watch.ambush === ambush && /waiting|paused/.test(this.client.state)) {
      this.#report(`${this.client.state} after wake()`);
    }
  }

  fire(event: PageEvent): void {
    this.#asked.asks();
    const isWatched = /connect|waiting|paused/.test(this.client.state);
    if (event === 'pagehide') this.#isHidden = isWatched;
    else if (event !== 'offline') this.#isHidden = false;
    if (event === 'offline') this.#isOffline = isWatched;
    if (event === 'online') this.#isOffline = false;
    fakePage.dispatch(event);
  }

  /** The server refuses a channel from now on. */
  refuse(name: Name): void {
    this.refused.add(name);
    this.#expected.delete(name);
  }

  /** The server ends a subscription. */
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

  /** Signs in, or changes nothing but the token. */
  reauthenticate(who: (typeof USERS)[number] = this.tokens.who): void {
    this.#asked.asks();
    this.tokens.who = who;
    this.watch.signedIn = undefined;
    const mine = (this.#signIns += 1);
    const former = this.client.state === 'connected' ? this.server.open.at(-1) : undefined;
    this.watch.isSigningIn = former !== undefined && this.tokens.works;
    void this.client.reauthenticate().then(
      () => {
        const isConfirmed = mine === this.#signIns && this.tokens.works && this.client.state === 'connected';
        if (isConfirmed) this.watch.signedIn = who;
      },
      () => {
        const isOpen = former !== undefined && this.server.open.includes(former);
        if (mine === this.#signIns && isOpen)
          this.#report('a sign-in fails, and the connection of the former user stays');
      },
    );
  }

  /** What has to hold between two steps. */
  check(): void {
    this.watch.check();
    this.consumers.check();
    if (this.#isOffline && this.client.state === 'waiting') this.#report('attempts go on while offline');
    for (const name of this.#expected) {
      const { state } = this.client.channel<string>(name);
      if (state === 'refused' && this.client.state === 'connected') this.#report(`${name} is not asked for again`);
    }
    if (this.#isHidden && this.server.open.length > 0) this.#report('a hidden page has a connection');
    if (this.#silencedAt !== undefined && performance.now() > this.#silencedAt + HEARTBEAT_MS + 1) {
      this.#report('a dead connection is not noticed within the heartbeat');
    }
  }

  /** All faults end. */
  heal(): void {
    this.server.isDown = false;
    this.hanging = 'no';
    this.watch.slowMs = 0;
    this.refused.clear();
    this.consumers.load = 'good';
    this.tokens.kind = 'good';
    this.watch.signedIn = undefined;
  }

  /** All faults have ended: the client has to get to where the application wants it. */
  async recover(): Promise<void> {
    this.watch.ambush = undefined;
    this.heal();
    await this.#comeBack();
    for (const name of CHANNELS) {
      this.client.channel<string>(name).retry();
      await this.publish(name, 1);
    }
    await pass(35_000); // a load that hangs is given up, and loaded again
    this.check();
    for (const [name, watch] of this.watch.channels) await this.#checkChannel(name, watch.last);
    this.consumers.checkAtRest();
  }

  /** Ends, and looks for what is left. */
  async end(): Promise<void> {
    this.consumers.stopFollowing();
    this.client.close();
    await pass();
    this.consumers.checkAtEnd();
    const left = jest.getTimerCount();
    if (left > 0) this.#report(`${left} timers are left`);
    for (const name of fakePage.listenedTo) this.#report(`a listener of ${name} is left`);
    fakePage.clear();
    if (this.server.open.length > 0) this.#report('a connection is left');
    if (this.client.state !== 'closed') this.#report(`it is ${this.client.state} after close()`);
  }

  async #comeBack(): Promise<void> {
    const way = Math.floor(Math.random() * 4);
    const { state, code, retryInMs = 0 } = this.client.change;
    if (state === 'closed' || state === 'idle') {
      if (state === 'closed' && !/^(close|refused|signed_out)$/.test(code)) this.#report(`closed by ${code}`);
      this.connect();
    } else if (way === 0 && !this.#isHidden) {
      await pass(retryInMs); // by itself
    } else if (way === 1) {
      this.wake();
    } else if (way === 2) {
      this.connect();
    } else {
      this.fire('online');
      this.fire('pageshow');
    }
    // A call of getToken that hangs, the dead connection's heartbeat, and the longest wait.
    await pass(10_000 + HEARTBEAT_MS + 30_000 + 1_000);
    if (this.client.state === 'closed' && this.client.change.code === 'refused') {
      this.connect(); // a minute of refused tokens had just ended
      await pass(1_000);
    }
    if (this.client.state !== 'connected') this.#report(`stuck: ${JSON.stringify(this.client.change)}`);
  }

  async #checkChannel(name: string, at: string | undefined): Promise<void> {
    const channel = this.client.channel<string>(name);
    const isUsed = channel.users > 0;
    if (channel.state !== (isUsed ? 'subscribed' : 'unsubscribed')) {
      this.#report(`${name} is stuck: ${JSON.stringify(channel.change)}`);
    }
    const isThere = this.server.open.some(({ subscriptions }) => subscriptions.has(name));
    if (isThere !== isUsed) this.#report(`${name}: the server ${isThere ? 'has' : 'lacks'} a subscription`);
    if (!isUsed) return;
    await this.publish(name, 1);
    const watch = this.watch.channels.get(name)!;
    if (watch.last === at) this.#report(`${name}: an event is lost at the end`);
    watch.checkAtRest();
  }

  #report(problem: string): void {
    this.problems.push(problem);
  }
}
