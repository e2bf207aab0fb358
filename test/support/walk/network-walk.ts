import { jest } from '@jest/globals';
import { createRealtimeClient, type RealtimeClient, type Stop } from '../../../src/client/index.js';
import { sse } from '../../../src/client/sse/index.js';
import { FakeRealtimeServer } from '../../../src/testing/index.js';
import { FakeNetwork } from '../fake-network.js';
import { pass } from '../virtual-client.js';
import { CallRecord, WINDOW_MS } from './call-record.js';
import { CallWatch } from './call-watch.js';
import { ClientWatch } from './client-watch.js';
import { ContentRecord, LOGS } from './content-record.js';
import { ContentWatch } from './content-watch.js';
import { changeAllContent, changeContent, healContent, type WalkContent } from './walk-content.js';
import { RateLimit } from './rate-limit.js';
import { taggedSockets } from './tagged-socket.js';

export const CHANNELS = ['room:one', 'room:two'] as const;
export type Name = (typeof CHANNELS)[number];

/** Time in which a client connects after all faults, in milliseconds: a dead stream, and the longest wait. */
const COME_BACK_MS = 180_000;

/** Time in which a client that streams finds that WebSocket works: the interval of its tries with the jitter, and a try. */
const FIND_SOCKET_MS = 400_000;

/** A client with two transports on a virtual clock. Records each violated guarantee. */
export class NetworkWalk {
  readonly problems: string[] = [];
  readonly #record: CallRecord = new CallRecord((name): string | undefined => this.server.lastEventId(name));
  readonly server: FakeRealtimeServer = new FakeRealtimeServer({
    anonymous: true,
    historySize: 30,
    channels: CHANNELS,
    commands: this.#record.handlers,
    commandWindowMs: WINDOW_MS,
    streams: LOGS,
    refuse: (channel) => (this.#content.refused.has(channel) ? 'forbidden' : null),
  });
  readonly #content: ContentRecord = new ContentRecord(this.server);
  readonly network: FakeNetwork;
  readonly client: RealtimeClient;
  readonly calls: CallWatch;
  readonly #contentWatch: ContentWatch;
  readonly #watch: ClientWatch;
  readonly #users = new Map<Name, Stop[]>();
  readonly #limit = new RateLimit((problem) => this.problems.push(problem));
  #who: string | null = 'ada';

  constructor() {
    const sockets = taggedSockets(this.server, {
      opens: () => this.#limit.count('connections'),
      hanging: () => 'no',
      sends: () => undefined,
      receives: () => undefined,
      fails: (error) => this.problems.push(`a frame makes it throw ${String(error)}`),
    });
    this.network = new FakeNetwork(this.server, sockets);
    const { WebSocket, fetch } = this.network;
    this.client = createRealtimeClient({
      url: 'ws://fake/ws',
      WebSocket,
      transports: ['websocket', sse({ fetch })],
      maxWaitingEvents: 20,
      getToken: async () => {
        const token = this.#who;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 50));
        return token;
      },
    });
    this.#watch = new ClientWatch(this.client, CHANNELS, this.problems);
    this.calls = new CallWatch(this.client, CHANNELS, this.#record, (problem) => this.#report(problem));
    this.#contentWatch = new ContentWatch(this.client, this.#content, (problem) => this.#report(problem));
    for (const name of CHANNELS) this.use(name);
    this.#contentWatch.useAll();
  }

  change(content: WalkContent): void {
    this.#limit.asks();
    changeContent(this.#content, this.#contentWatch, content);
  }

  use(name: Name): void {
    this.#limit.asks();
    this.#users.set(name, [...(this.#users.get(name) ?? []), this.#watch.channels.get(name)!.use()]);
  }

  leave(name: Name): void {
    this.#users.get(name)?.pop()?.();
  }

  connect(): void {
    this.#limit.asks();
    this.client.connect();
  }

  sign(who: string | null): void {
    this.#limit.asks();
    this.#who = who;
    void this.client.reauthenticate().catch(() => undefined);
  }

  slow(ms: number): void {
    this.#watch.slowMs = ms;
  }

  async publish(name: Name, count: number): Promise<void> {
    for (let left = count; left > 0; left -= 1) this.server.publish(name as never, {} as never);
    await pass();
  }

  check(): void {
    this.#watch.check();
    const { state, transport } = this.client;
    if ((state === 'connected') !== (transport !== undefined)) this.#report(`${state} over ${transport}`);
    if (/closed|idle/.test(state) && this.server.open.length > 1)
      this.#report('connections of a client that is closed');
  }

  /** Ends all faults, and checks that the client receives everything, over a WebSocket in the end. */
  async recover(): Promise<void> {
    this.network.all = 'open';
    this.server.isDown = false;
    this.slow(0);
    for (const name of CHANNELS) if ((this.#users.get(name) ?? []).length === 0) this.use(name);
    this.connect();
    healContent(this.#content, [this.#contentWatch]);
    await pass(COME_BACK_MS);
    await this.#checkAll('after the faults');
    await pass(FIND_SOCKET_MS);
    await this.#checkAll('in the end');
    this.#contentWatch.checkAtRest();
    if (this.client.transport !== 'websocket') this.#report(`it stays with ${this.client.transport}`);
    if (this.server.open.length !== 1) this.#report(`${this.server.open.length} connections`);
    this.calls.checkAtRest();
  }

  /** Closes the client and checks for leaks. */
  async end(): Promise<void> {
    this.client.close();
    this.calls.stop();
    this.#record.stop();
    await pass(10_000); // a WebSocket that was about to be taken over
    const left = jest.getTimerCount();
    if (left > 0) this.#report(`${left} timers are left`);
    if (this.server.open.length > 0) this.#report('a connection is left');
  }

  async #checkAll(when: string): Promise<void> {
    const { state, change } = this.client;
    if (state !== 'connected') return this.#report(`stuck ${when}: ${JSON.stringify(change)}`);
    const before = CHANNELS.map((name) => this.#watch.channels.get(name)!.last);
    for (const name of CHANNELS) await this.publish(name, 1);
    changeAllContent(this.#content);
    await pass(100);
    this.check();
    CHANNELS.forEach((name, at) => {
      if (this.#watch.channels.get(name)!.last === before[at]) this.#report(`${name} receives nothing ${when}`);
    });
  }

  #report(problem: string): void {
    this.problems.push(problem);
  }
}
