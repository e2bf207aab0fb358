import { jest } from '@jest/globals';
import { createRealtimeClient, type Stop } from '../../../src/client/index.js';
import { shareIn } from '../../../src/client/shared/shared-web-socket.js';
import { FakeRealtimeServer } from '../../../src/testing/index.js';
import { FakeBrowser, type FakeWorld, type Refused } from '../fake-browser.js';
import { pass } from '../virtual-client.js';
import { ClientWatch } from './client-watch.js';
import { RateLimit } from './rate-limit.js';
import { taggedSockets } from './tagged-socket.js';

export const CHANNELS = ['room:one', 'room:two'] as const;
type Name = (typeof CHANNELS)[number];

/** Tabs that are open at the same time. */
const MAX_TABS = 4;

interface OpenTab {
  readonly watch: ClientWatch;
  readonly world: FakeWorld;
  readonly users: Map<Name, Stop[]>;
  readonly isAlone: boolean;
  /** It has no token, whoever is signed in. */
  isStranger: boolean;
}

/** Tabs of one browser that share a connection, on a virtual clock. They have one cookie: one user, or none. */
export class TabWalk {
  readonly problems: string[] = [];
  readonly server = new FakeRealtimeServer({ anonymous: true, historySize: 30, channels: CHANNELS });
  readonly #browser = new FakeBrowser();
  readonly #limit = new RateLimit((problem) => this.problems.push(problem));
  readonly #sockets = taggedSockets(this.server, {
    opens: () => this.#limit.count('connections'),
    hanging: () => 'no',
    sends: () => undefined,
    receives: () => undefined,
    fails: (error) => this.problems.push(`a frame makes it throw ${String(error)}`),
  });
  #tabs: OpenTab[] = [];
  #who: string | null = 'ada';

  /** @param kind without a token; or in a page whose storage is blocked */
  open(kind: 'usual' | 'stranger' | Refused): void {
    this.#limit.asks();
    if (this.#tabs.length === MAX_TABS) return;
    const isAlone = kind === 'locks' || kind === 'BroadcastChannel';
    const world = this.#browser.world({ WebSocket: this.#sockets }, isAlone ? [kind] : []);
    const tab = { world, users: new Map(), isAlone, isStranger: kind === 'stranger' };
    const client = createRealtimeClient({
      url: 'ws://fake/ws',
      WebSocket: shareIn(world, 'walk'),
      maxWaitingEvents: 20,
      getToken: async () => {
        const token = tab.isStranger ? null : this.#who;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 50));
        return token;
      },
    });
    const opened: OpenTab = Object.assign(tab, { watch: new ClientWatch(client, CHANNELS, this.problems) });
    this.#tabs.push(opened);
    for (const name of CHANNELS) this.#use(opened, name);
  }

  close(index: number): void {
    const tab = this.#tabAt(index);
    if (tab === undefined) return;
    this.#tabs = this.#tabs.filter((each) => each !== tab);
    tab.world.thaw();
    tab.watch.client.close();
  }

  /** A tab crashes: the browser closes its connection and takes its locks. */
  kill(index: number): void {
    const tab = this.#tabAt(index);
    if (tab === undefined) return;
    this.#tabs = this.#tabs.filter((each) => each !== tab);
    tab.watch.isGone = true;
    tab.world.kill();
    tab.watch.client.close();
  }

  freeze(index: number): void {
    this.#tabAt(index)?.world.freeze();
  }

  thaw(): void {
    this.#limit.asks();
    for (const { world } of this.#tabs) world.thaw();
  }

  use(index: number, name: Name): void {
    const tab = this.#tabAt(index);
    if (tab !== undefined) this.#use(tab, name);
  }

  leave(index: number, name: Name): void {
    this.#tabAt(index)?.users.get(name)?.pop()?.();
  }

  /** In one tab; the others learn of it by the connection. */
  sign(index: number, who: string | null): void {
    this.#limit.asks();
    this.#who = who;
    void this.#tabAt(index)
      ?.watch.client.reauthenticate()
      .catch(() => undefined);
  }

  slow(index: number, ms: number): void {
    const tab = this.#tabAt(index);
    if (tab !== undefined) tab.watch.slowMs = ms;
  }

  async publish(name: Name, count: number): Promise<void> {
    for (let left = count; left > 0; left -= 1) this.server.publish(name as never, {} as never);
    await pass();
  }

  check(): void {
    for (const { watch } of this.#tabs) watch.check();
  }

  /** All faults end: every tab has to be connected, as the user of the cookie, over one connection. */
  async recover(): Promise<void> {
    this.server.isDown = false;
    this.thaw();
    for (const tab of this.#tabs) {
      tab.watch.slowMs = 0;
      tab.isStranger = false;
      void tab.watch.client.reauthenticate().catch(() => undefined);
      tab.watch.client.connect();
    }
    await pass(120_000);
    for (const name of CHANNELS) await this.publish(name, 1);
    await pass(1_000);
    this.check();
    const last = this.#tabs.map(({ watch }) => CHANNELS.map((name) => watch.channels.get(name)!.last));
    for (const name of CHANNELS) await this.publish(name, 1);
    this.#tabs.forEach((tab, at) => this.#checkTab(tab, last[at]!));
    const alone = this.#tabs.filter(({ isAlone }) => isAlone).length;
    const expected = alone + (alone < this.#tabs.length ? 1 : 0);
    if (this.server.open.length !== expected)
      this.problems.push(`${this.server.open.length} connections of ${expected}`);
    for (const name of CHANNELS) {
      const isUsed = this.#tabs.some(({ watch }) => watch.client.channel<string>(name).users > 0);
      const isThere = this.server.open.some(({ subscriptions }) => subscriptions.has(name));
      if (isUsed !== isThere) this.problems.push(`${name}: the server ${isThere ? 'has' : 'lacks'} a subscription`);
    }
  }

  /** Closes all tabs, and looks for what is left. */
  async end(): Promise<void> {
    while (this.#tabs.length > 0) this.close(0);
    await pass(15_000); // a tab whose socket was ended lingers
    const left = jest.getTimerCount();
    if (left > 0) this.problems.push(`${left} timers are left`);
    if (this.server.open.length > 0) this.problems.push('a connection is left');
    const { radios, held, waiting } = this.#browser;
    if (radios.size > 0) this.problems.push(`${radios.size} radios are left`);
    if (held.size + waiting.length > 0) this.problems.push(`${held.size + waiting.length} locks are left`);
  }

  #tabAt(index: number): OpenTab | undefined {
    return this.#tabs[index % Math.max(this.#tabs.length, 1)];
  }

  #use({ watch, users }: OpenTab, name: Name): void {
    this.#limit.asks();
    users.set(name, [...(users.get(name) ?? []), watch.channels.get(name)!.use()]);
  }

  #checkTab({ watch }: OpenTab, before: readonly (string | undefined)[]): void {
    const { client } = watch;
    if (client.state !== 'connected') return (this.problems.push(`stuck: ${JSON.stringify(client.change)}`), undefined);
    const user = client.identity?.user?.userId ?? null;
    if (user !== this.#who) this.problems.push(`a tab is ${user}, and the cookie of ${this.#who}`);
    CHANNELS.forEach((name, at) => {
      const channel = client.channel<string>(name);
      if (channel.users === 0) return;
      if (channel.state !== 'subscribed') this.problems.push(`${name} is stuck: ${JSON.stringify(channel.change)}`);
      if (watch.channels.get(name)!.last === before[at]) this.problems.push(`${name}: an event is lost at the end`);
    });
  }
}
