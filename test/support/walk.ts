import { jest } from '@jest/globals';
import {
  createRealtimeClient,
  events,
  RealtimeError,
  type GivenToken,
  type RealtimeClient,
  type Stop,
  type TokenRequest,
  type WebSocketClass,
} from '../../src/client/index.js';
import { FakeRealtimeServer } from '../../src/testing/index.js';
import { pass } from './virtual-client.js';

export const CHANNELS = ['room:one', 'room:two', 'room:three'] as const;
export const USERS = ['ada', 'grace'] as const;

/** How `getToken` behaves. */
export const TOKENS = ['good', 'short', 'refused', 'rejects', 'hangs', 'signed out', 'none'] as const;

type Name = (typeof CHANNELS)[number];

/** More than a client with these delays can need in one minute, besides what the application asks for. */
const MAX_CONNECTIONS_A_MINUTE = 40;

/** A page in Node: the events that a browser sends. */
const page = new Map<string, Set<(event: { type: string }) => void>>();
Object.assign(globalThis, {
  addEventListener: (name: string, listener: (event: { type: string }) => void) => {
    page.set(name, (page.get(name) ?? new Set()).add(listener));
  },
  removeEventListener: (name: string, listener: (event: { type: string }) => void) => page.get(name)?.delete(listener),
});
const dispatch = (type: string): void => {
  for (const listener of [...(page.get(type) ?? [])]) listener({ type });
};

/** A client and its surroundings, on a virtual clock, that notes each promise that the client breaks. */
export class Walk {
  readonly problems: string[] = [];
  readonly server = new FakeRealtimeServer({
    anonymous: true,
    historySize: 30,
    channels: CHANNELS,
    heartbeatMs: 20_000,
    identify: (token) => {
      const [userId = '', kind] = token.split('/');
      if (kind === 'refused') return 'token_invalid';
      return { user: { userId, email: null, role: 'user' }, ...(kind === 'short' && { expiresInMs: 5_000 }) };
    },
    refuse: (channel) => (this.refused.has(channel) ? 'forbidden' : null),
  });
  readonly client: RealtimeClient;
  readonly refused = new Set<string>();
  who: (typeof USERS)[number] = 'ada';
  /** Sockets never open. */
  isHanging = false;
  /** What a listener does when it is called next. */
  ambush: (() => void) | undefined;
  /** How long the slow listeners take, in milliseconds. */
  slowMs = 0;
  #token: (typeof TOKENS)[number] = 'good';
  /** How often the application asked for a connection. */
  readonly #asked: number[] = [];
  readonly #connections: number[] = [];
  readonly #tokenCalls: number[] = [];
  readonly #users = new Map<Name, Stop[]>();
  // channel → the last event that the listener knows of
  readonly #last = new Map<Name, string | undefined>();
  // channels that have to begin anew before their next event, because the user changed
  readonly #former = new Set<Name>();
  #user: string | null | undefined;
  #isDropped = false;
  // the user that the application signed in, once the client has confirmed it
  #signedIn: string | null | undefined;
  #signIns = 0;

  constructor() {
    this.client = createRealtimeClient({
      url: 'ws://fake/ws',
      WebSocket: this.#sockets(),
      getToken: (request) => this.#getToken(request),
      maxWaitingEvents: 20,
    });
    for (const name of ['state', 'error', 'identity'] as const) this.client.on(name, () => this.#beAmbushed());
    this.client.on('identity', (identity) => {
      this.#isDropped = identity === null && this.client.state !== 'closed';
      if (identity === null) return;
      const user = identity.user?.userId ?? null;
      if (this.#user !== undefined && this.#user !== user) for (const name of this.#last.keys()) this.#former.add(name);
      this.#user = user;
    });
    for (const name of CHANNELS) this.#listen(name);
  }

  asks(): void {
    this.#asked.push(performance.now());
  }

  async publish(name: Name, count: number): Promise<void> {
    for (let left = count; left > 0; left -= 1) this.server.publish(name as never, {} as never);
    await pass();
  }

  use(name: Name): void {
    this.asks();
    this.#users.set(name, [...(this.#users.get(name) ?? []), this.client.channel<string>(name).subscribe()]);
  }

  leave(name: Name): void {
    this.#users.get(name)?.pop()?.();
  }

  giveToken(token: (typeof TOKENS)[number]): void {
    this.#token = token;
    this.#signedIn = undefined;
  }

  /** Signs in, or changes nothing but the token. */
  reauthenticate(who = this.who): void {
    this.asks();
    this.who = who;
    this.#signedIn = undefined;
    const mine = (this.#signIns += 1);
    void this.client.reauthenticate().then(
      () => {
        if (mine === this.#signIns && this.#token === 'good' && this.client.state === 'connected') this.#signedIn = who;
      },
      () => undefined,
    );
  }

  fire(event: 'offline' | 'online' | 'pagehide' | 'pageshow' | 'resume'): void {
    this.asks();
    dispatch(event);
  }

  async iterate(name: Name): Promise<void> {
    this.asks();
    const iterator = events(this.client.channel<string>(name))[Symbol.asyncIterator]();
    void iterator.next().catch(() => undefined);
    await pass(10);
    await iterator.return?.();
  }

  /** All faults end: the client has to get to where the application wants it. */
  async recover(): Promise<void> {
    this.server.isDown = this.isHanging = false;
    this.ambush = undefined;
    this.slowMs = 0;
    this.refused.clear();
    this.giveToken('good');
    dispatch('online');
    dispatch('pageshow');
    await pass(300_000);
    const { state, code } = this.client.change;
    if (state === 'closed' || state === 'idle') {
      if (state === 'closed' && !/^(close|refused|signed_out)$/.test(code)) this.#problem(`closed by ${code}`);
      this.client.connect();
      await pass(60_000);
    }
    if (this.client.state !== 'connected') {
      return this.#problem(`stuck: ${JSON.stringify(this.client.change)}`);
    }
    for (const name of CHANNELS) {
      const channel = this.client.channel<string>(name);
      channel.retry();
      await this.publish(name, 1);
      await pass(100);
      const expected = channel.users > 0 ? 'subscribed' : 'unsubscribed';
      if (channel.state !== expected) this.#problem(`${name} is stuck: ${JSON.stringify(channel.change)}`);
      const there = this.server.open.some(({ subscriptions }) => subscriptions.has(name));
      if (there !== channel.users > 0) this.#problem(`${name}: the server ${there ? 'has' : 'lacks'} a subscription`);
      if (channel.users === 0) continue;
      const at = this.#last.get(name);
      await this.publish(name, 1);
      if (this.#last.get(name) === at) this.#problem(`${name}: an event is lost at the end`);
    }
  }

  /** Ends, and looks for what is left. */
  async end(): Promise<void> {
    this.client.close();
    await pass();
    const left = jest.getTimerCount();
    if (left > 0) this.#problem(`${left} timers are left`);
    for (const [name, listeners] of page)
      if (listeners.size > 0) this.#problem(`${listeners.size} listeners of ${name} are left`);
    page.clear();
    if (this.server.open.length > 0) this.#problem('a connection is left');
    if (this.client.state !== 'closed') this.#problem(`it is ${this.client.state} after close()`);
  }

  #problem(problem: string): void {
    this.problems.push(problem);
  }

  #beAmbushed(): void {
    const act = this.ambush;
    this.ambush = undefined;
    act?.();
  }

  #listen(name: Name): void {
    const channel = this.client.channel<string>(name);
    const checkUser = (data: unknown): void => {
      const { as } = data as { as: string | null };
      const now = this.client.identity?.user?.userId ?? null;
      // After close() what waits is still of the same user, until another one is known.
      if (now === null && as === this.#user && !this.#isDropped) return;
      if (as !== now) this.#problem(`an event of ${as} comes to ${now}`);
      if (this.#signedIn !== undefined && as !== this.#signedIn) {
        this.#problem(`an event of ${as} comes after the sign-in of ${this.#signedIn}`);
      }
    };
    channel.on('event', ({ id, data }) => {
      checkUser(data);
      if (this.#former.delete(name)) this.#problem(`${name}: no reset for another user`);
      const last = this.#last.get(name)?.split('-') ?? [];
      const [epoch, offset] = id!.split('-');
      if (epoch !== last[0] || Number(offset) !== Number(last[1]) + 1) {
        this.#problem(`${name}: ${id} after ${last.join('-')}`);
      }
      this.#last.set(name, id);
      this.#beAmbushed();
    });
    channel.on('event', ({ data }) => {
      checkUser(data);
      if (this.slowMs > 0) return new Promise((resolve) => setTimeout(resolve, this.slowMs));
    });
    channel.on('reset', ({ lastEventId }) => {
      this.#former.delete(name);
      this.#last.set(name, lastEventId);
      this.#beAmbushed();
    });
    channel.on('state', ({ state, recovered }) => {
      if (state === 'unsubscribed') this.#last.delete(name);
      if (state === 'subscribed' && recovered === undefined) {
        this.#former.delete(name);
        this.#last.set(name, channel.lastEventId);
      }
      this.#beAmbushed();
    });
  }

  async #getToken({ signal }: TokenRequest): Promise<GivenToken> {
    this.#count(this.#tokenCalls, 'calls of getToken');
    switch (this.#token) {
      case 'rejects':
        throw new Error('no token');
      case 'signed out':
        throw new RealtimeError('signed_out', 'signed out');
      case 'hangs':
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
      case 'none':
        return null;
      default: {
        const token = `${this.who}/${this.#token}`;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, Math.random() * 100);
          signal.addEventListener('abort', () => {
            clearTimeout(timer);
            resolve();
          });
        });
        return token;
      }
    }
  }

  /** The server's sockets; each event says whose connection it came on. */
  #sockets(): WebSocketClass {
    const count = (): void => this.#count(this.#connections, 'connections');
    const hangs = (): boolean => this.isHanging;
    const { WebSocket } = this.server;
    class Socket extends WebSocket {
      constructor(url: string, protocols?: string | string[]) {
        super(url, protocols);
        count();
        const isHung = hangs();
        let userId: string | null = null;
        const tag = (text: string): string => {
          const frame = JSON.parse(text) as Record<string, unknown>;
          if (frame['type'] === 'connected' || frame['type'] === 'authenticated')
            userId = (frame['user'] as { userId: string } | null)?.userId ?? null;
          return frame['type'] === 'event' ? JSON.stringify({ ...frame, data: { as: userId } }) : text;
        };
        let listener: ((event: { data: string }) => void) | null = null;
        Object.defineProperty(this, 'onmessage', {
          get: () => listener && (({ data }: { data: string }) => void (!isHung && listener!({ data: tag(data) }))),
          set(given: typeof listener) {
            listener = given;
          },
        });
      }
    }
    return Socket;
  }

  #count(times: number[], what: string): void {
    const now = performance.now();
    times.push(now);
    const inLastMinute = (all: readonly number[]): number => all.filter((at) => at > now - 60_000).length;
    const bound = MAX_CONNECTIONS_A_MINUTE + 4 * inLastMinute(this.#asked);
    if (inLastMinute(times) <= bound) return;
    this.#problem(`more than ${bound} ${what} within a minute`);
    throw new Error('too many');
  }
}
