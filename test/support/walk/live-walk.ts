import { jest } from '@jest/globals';
import { createRealtimeClient, type RealtimeClient, type WebSocketClass } from '../../../src/client/index.js';
import { live, type LiveResource } from '../../../src/client/live/index.js';
import { sse } from '../../../src/client/sse/index.js';
import { shareIn } from '../../../src/client/shared/shared-web-socket.js';
import type { StatePatch } from '../../../src/protocol/index.js';
import { FakeRealtimeServer } from '../../../src/testing/index.js';
import { FakeBrowser } from '../fake-browser.js';
import { FakeNetwork } from '../fake-network.js';
import { pass } from '../virtual-client.js';

export const RESOURCES = ['boards:one', 'boards:two'] as const;
type Name = (typeof RESOURCES)[number];

/** Time in which a client comes back after all faults, in milliseconds: a dead stream, and the longest wait. */
const COME_BACK_MS = 400_000;

/** A client, and its uses of live resources. */
interface Walker {
  readonly kind: string;
  readonly client: RealtimeClient;
  readonly uses: Map<Name, LiveResource[]>;
}

/**
 * Clients with live resources on a virtual clock: one with a WebSocket, one with two transports, and two tabs that share a
 * connection. The model is the state of the server at each position.
 */
export class LiveWalk {
  readonly problems: string[] = [];
  readonly server = new FakeRealtimeServer({ historySize: 20 });
  readonly network = new FakeNetwork(this.server);
  /** Number of compared states. */
  compared = 0;
  readonly #walkers: Walker[] = [];
  /** Position → state as JSON. */
  readonly #model = new Map<string, string>();
  #who = 'ada';

  constructor() {
    for (const name of RESOURCES) {
      this.server.states.set(name, { count: 0, cards: {} });
      this.#record(name);
    }
    const browser = new FakeBrowser();
    const shared = (): WebSocketClass => shareIn(browser.world(this.server), 'tabs');
    this.#open('a WebSocket', this.server.WebSocket);
    this.#open('two transports', this.network.WebSocket, true);
    this.#open('a tab', shared());
    this.#open('another tab', shared());
    for (const index of [0, 1, 2, 3]) for (const name of RESOURCES) this.use(index, name);
  }

  #open(kind: string, WebSocket: WebSocketClass, streams = false): void {
    const { fetch } = this.network;
    const client = createRealtimeClient({
      url: 'ws://fake/ws',
      WebSocket,
      ...(streams && { transports: ['websocket', sse({ fetch })] as const }),
      getToken: () => this.#who,
    });
    client.connect();
    this.#walkers.push({ kind, client, uses: new Map(RESOURCES.map((name) => [name, []])) });
  }

  use(index: number, name: Name): void {
    const { client, uses } = this.#walkers[index]!;
    const resource = live<string>(client, name);
    resource.subscribe(() => this.#compare(this.#walkers[index]!, name, resource));
    uses.get(name)!.push(resource);
  }

  leave(index: number, name: Name): void {
    this.#walkers[index]!.uses.get(name)!.pop()?.close();
  }

  async patch(name: Name, patch: StatePatch): Promise<void> {
    this.server.states.patch(name, patch);
    this.#record(name);
    await pass();
  }

  /** Publishes an event that is not a patch: the state does not change. */
  async spoil(name: Name): Promise<void> {
    this.server.publish(name as 'user:1', { set: { count: 'not a path' } });
    this.#record(name);
    await pass();
  }

  /** Replaces the whole state, and ends failures. */
  async set(name: Name, count: number): Promise<void> {
    this.server.states.set(name, { count, cards: { large: 'x'.repeat(count % 2 === 0 ? 0 : 70_000) } });
    this.#record(name);
    await pass();
  }

  forget(name: Name): void {
    this.server.forget(name);
    this.#record(name);
    this.server.states.reload(name);
  }

  sign(who: string): void {
    this.#who = who;
    for (const { client } of this.#walkers) void client.reauthenticate().catch(() => undefined);
  }

  wake(index: number): void {
    this.#walkers[index]!.client.wake();
  }

  /** Ends all faults, and checks that every client holds the state of the server. */
  async recover(): Promise<void> {
    this.network.all = 'open';
    this.server.isDown = false;
    for (const name of RESOURCES) await this.set(name, 1_000);
    this.#walkers.forEach(({ client, uses }, index) => {
      client.connect();
      for (const name of RESOURCES) if (uses.get(name)!.length === 0) this.use(index, name);
    });
    await pass(COME_BACK_MS);
    for (const name of RESOURCES) await this.patch(name, { set: { '/count': 1_001 } });
    await pass(100);
    for (const { kind, client, uses } of this.#walkers) {
      for (const name of RESOURCES) {
        const { status, data } = uses.get(name)![0]!.getSnapshot();
        const isRight = status === 'live' && JSON.stringify(data) === JSON.stringify(this.server.states.get(name));
        if (!isRight) this.problems.push(`${kind}, ${client.state}: ${name} is ${status} in the end`);
      }
    }
  }

  /** Closes all clients and checks for leaks. */
  async end(): Promise<void> {
    for (const { client, uses } of this.#walkers) {
      for (const resources of uses.values()) for (const resource of resources) resource.close();
      client.close();
    }
    await pass(20_000);
    const left = jest.getTimerCount();
    if (left > 0) this.problems.push(`${left} timers are left`);
    if (this.server.open.length > 0) this.problems.push('a connection is left');
  }

  #record(name: Name): void {
    this.#model.set(this.server.states.position(name), JSON.stringify(this.server.states.get(name)));
  }

  #compare({ kind }: Walker, name: Name, resource: LiveResource): void {
    const { status, data, position } = resource.getSnapshot();
    if (data === undefined) {
      if (status === 'live' || status === 'stale') this.problems.push(`${kind}: ${status} without a state`);
      return;
    }
    this.compared += 1;
    if (position === undefined || this.#model.get(position) !== JSON.stringify(data)) {
      this.problems.push(`${kind}: ${name} at ${position} holds ${JSON.stringify(data).slice(0, 200)}`);
    }
  }
}
