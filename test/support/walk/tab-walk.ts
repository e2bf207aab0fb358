import { jest } from '@jest/globals';
import { createRealtimeClient, type Stop } from '../../../src/client/index.js';
import { shareIn } from '../../../src/client/shared/shared-web-socket.js';
import { FakeRealtimeServer } from '../../../src/testing/index.js';
import { FakeBrowser, type FakeWorld, type Refused } from '../fake-browser.js';
import { pass } from '../virtual-client.js';
import { CallRecord, WINDOW_MS } from './call-record.js';
import { CallWatch, type WalkCall } from './call-watch.js';
import { ContentRecord, LOGS } from './content-record.js';
import { ContentWatch } from './content-watch.js';
import { changeAllContent, changeContent, healContent, type WalkContent } from './walk-content.js';
import { ClientWatch } from './client-watch.js';
import { RateLimit } from './rate-limit.js';
import { taggedSockets } from './tagged-socket.js';
import { opensOnce } from './opens-once.js';

export const CHANNELS = ['room:one', 'room:two'] as const;
type Name = (typeof CHANNELS)[number];

/** Channel that only one tab uses. */
const CHANNEL_OF_ONE = 'room:three';

/** Time after a fault until a client detects a dead connection, in milliseconds: its heartbeat plus a leader's. */
const MAX_SILENCE_MS = 70_000;

/** Maximum number of open tabs. */
const MAX_TABS = 4;

interface OpenTab {
  readonly watch: ClientWatch;
  readonly calls: CallWatch;
  readonly content: ContentWatch;
  readonly world: FakeWorld;
  readonly users: Map<Name, Stop[]>;
  readonly isAlone: boolean;
  isFrozen: boolean;
  /** The tab has no token, even if a user is signed in. */
  isStranger: boolean;
}

/** Tabs of one browser that share a connection, on a virtual clock. They share one cookie: one user, or none. */
export class TabWalk {
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
  readonly #browser = new FakeBrowser();
  readonly #report = (problem: string): void => void this.problems.push(problem);
  // While the server is down, each tab retries by itself. A tab that was closed is counted until its attempts are old.
  readonly #limit = new RateLimit(this.#report, () => MAX_TABS);
  readonly #sockets = taggedSockets(this.server, {
    opens: () => this.#limit.count('connections'),
    hanging: () => 'no',
    sends: () => undefined,
    receives: () => undefined,
    fails: (error) => this.#report(`a frame makes it throw ${String(error)}`),
  });
  #tabs: OpenTab[] = [];
  #who: string | null = 'ada';
  #crashedAt = -Infinity;
  // Time until which a client may detect a dead connection.
  #silentUntil = 0;

  /** @param kind `stranger` has no token; a refused API simulates a page with blocked storage */
  open(kind: 'usual' | 'stranger' | Refused): void {
    this.#limit.asks();
    if (this.#tabs.length === MAX_TABS) return;
    const isAlone = kind === 'locks' || kind === 'BroadcastChannel';
    const world = this.#browser.world({ WebSocket: this.#sockets }, isAlone ? [kind] : []);
    const tab = { world, users: new Map(), isAlone, isFrozen: false, isStranger: kind === 'stranger' };
    const client = createRealtimeClient({
      url: 'ws://fake/ws',
      WebSocket: opensOnce(shareIn(world, 'walk'), this.#report),
      maxWaitingEvents: 20,
      getToken: async () => {
        const token = tab.isStranger ? null : this.#who;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 50));
        return token;
      },
    });
    const watch = new ClientWatch(client, CHANNELS, this.problems);
    const calls = new CallWatch(client, CHANNELS, this.#record, (problem) => watch.report(problem));
    const content = new ContentWatch(client, this.#content, (problem) => watch.report(problem));
    const opened: OpenTab = Object.assign(tab, { watch, calls, content });
    client.on('state', ({ code }) => {
      const isExplained = opened.watch.isGone || this.#isAnyFrozen || performance.now() < this.#silentUntil;
      if (code === 'silent' && !isExplained) this.#report('silent, and nothing was frozen or cut');
    });
    this.#tabs.push(opened);
    for (const name of CHANNELS) this.#use(opened, name);
    if (Math.random() < 0.7) content.useAll();
  }

  close(index: number): void {
    const tab = this.#remove(index);
    if (tab === undefined) return;
    this.#thaw(tab);
    tab.content.stop();
    tab.watch.client.close();
  }

  /** A tab crashes: the browser closes its connection and takes its locks. */
  kill(index: number): void {
    const tab = this.#remove(index);
    if (tab === undefined) return;
    if (tab.isFrozen) this.#canBeSilent();
    tab.watch.isGone = true;
    this.#crashedAt = performance.now();
    tab.world.kill();
    tab.watch.client.close();
  }

  freeze(index: number): void {
    const tab = this.#tabAt(index);
    if (tab === undefined) return;
    tab.isFrozen = true;
    tab.world.freeze();
  }

  thaw(): void {
    this.#limit.asks();
    for (const tab of this.#tabs) this.#thaw(tab);
  }

  silence(): void {
    this.#canBeSilent();
    this.server.silence();
  }

  use(index: number, name: Name): void {
    const tab = this.#tabAt(index);
    if (tab !== undefined) this.#use(tab, name);
  }

  leave(index: number, name: Name): void {
    this.#tabAt(index)?.users.get(name)?.pop()?.();
  }

  /** Signs in or out in one tab. The other tabs are notified over the connection. */
  sign(index: number, who: string | null): void {
    this.#limit.asks();
    this.#who = who;
    void this.#tabAt(index)
      ?.watch.client.reauthenticate()
      .catch(() => undefined);
  }

  call(index: number, call: WalkCall): void {
    this.#limit.asks();
    this.#tabAt(index)?.calls.call(call, () => undefined);
  }

  change(index: number, content: WalkContent): void {
    this.#limit.asks();
    changeContent(this.#content, this.#tabAt(index)?.content, content);
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
    const isUsed = this.#tabs.some(({ isFrozen, watch }) => isFrozen || watch.client.state.startsWith('connect'));
    // In this fake, a crashed tab can keep its connection as long as a tab that waits for its client.
    const isOfCrashed = performance.now() < this.#crashedAt + 15_000;
    if (!isUsed && !isOfCrashed && this.server.open.length > 0) this.#report('a connection that no tab uses');
  }

  /** Ends all faults and checks that every tab is connected as the cookie's user over one connection. */
  async recover(): Promise<void> {
    this.server.isDown = false;
    this.#connect();
    await pass(120_000);
    for (const { isFrozen, watch } of this.#tabs) {
      const { state, change } = watch.client;
      if (!isFrozen && state !== 'connected') this.#report(`stuck while others are frozen: ${JSON.stringify(change)}`);
    }
    this.thaw();
    this.#connect();
    const contents = this.#tabs.map(({ content }) => content);
    healContent(this.#content, contents);
    await pass(120_000);
    await this.#checkAll();
    changeAllContent(this.#content);
    await pass(100);
    for (const content of contents) content.checkAtRest();
    for (const { calls } of this.#tabs) calls.checkAtRest();
    const alone = this.#tabs.filter(({ isAlone }) => isAlone).length;
    const expected = alone + (alone < this.#tabs.length ? 1 : 0);
    if (this.server.open.length !== expected) this.#report(`${this.server.open.length} connections of ${expected}`);
    for (const name of CHANNELS) {
      const isUsed = this.#tabs.some(({ watch }) => watch.client.channel<string>(name).users > 0);
      const isThere = this.#isSubscribed(name);
      if (isUsed !== isThere) this.#report(`${name}: the server ${isThere ? 'has' : 'lacks'} a subscription`);
    }
    while (this.#tabs.length > 1) await this.#loseOne();
  }

  /** Closes all tabs and checks for leaks. */
  async end(): Promise<void> {
    while (this.#tabs.length > 0) this.close(0);
    this.#record.stop();
    await pass(15_000); // a tab whose socket has closed lingers
    const left = jest.getTimerCount();
    if (left > 0) this.#report(`${left} timers are left`);
    if (this.server.open.length > 0) this.#report('a connection is left');
    const { broadcasts, held, waiting } = this.#browser;
    if (broadcasts.size > 0) this.#report(`${broadcasts.size} broadcast channels are left`);
    if (held.size + waiting.length > 0) this.#report(`${held.size + waiting.length} locks are left`);
  }

  /** Closes or crashes the only tab that uses a channel: the other tabs continue at once, without that channel. */
  async #loseOne(): Promise<void> {
    const index = Math.floor(Math.random() * this.#tabs.length);
    this.#tabs[index]!.watch.client.channel<string>(CHANNEL_OF_ONE).subscribe();
    await pass(10_000);
    if (!this.#isSubscribed(CHANNEL_OF_ONE)) this.#report('the server lacks the channel of one tab');
    if (Math.random() < 0.5) this.close(index);
    else this.kill(index);
    await pass(1_000);
    if (this.#isSubscribed(CHANNEL_OF_ONE)) this.#report('the server has the channel of a tab that is gone');
    await this.#checkAll();
  }

  /** Reports the signed-in user to one tab, and to tabs that no other tab can notify. */
  #connect(): void {
    let isFirst = true;
    for (const tab of this.#tabs) {
      if (tab.isFrozen) continue;
      const { client } = tab.watch;
      tab.watch.slowMs = 0;
      if (isFirst || tab.isAlone || tab.isStranger) void client.reauthenticate().catch(() => undefined);
      if (!tab.isAlone) isFirst = false;
      tab.isStranger = false;
      client.connect();
    }
  }

  get #isAnyFrozen(): boolean {
    return this.#tabs.some(({ isFrozen }) => isFrozen);
  }

  #canBeSilent(): void {
    this.#silentUntil = performance.now() + MAX_SILENCE_MS;
  }

  #thaw(tab: OpenTab): void {
    if (tab.isFrozen) this.#canBeSilent();
    tab.isFrozen = false;
    tab.world.thaw();
  }

  #remove(index: number): OpenTab | undefined {
    const tab = this.#tabAt(index);
    this.#tabs = this.#tabs.filter((each) => each !== tab);
    tab?.calls.stop();
    return tab;
  }

  #isSubscribed(name: string): boolean {
    return this.server.open.some(({ subscriptions }) => subscriptions.has(name));
  }

  /** Checks that every tab receives every event. */
  async #checkAll(): Promise<void> {
    for (const name of CHANNELS) await this.publish(name, 1);
    await pass(1_000);
    this.check();
    const last = this.#tabs.map(({ watch }) => CHANNELS.map((name) => watch.channels.get(name)!.last));
    for (const name of CHANNELS) await this.publish(name, 1);
    this.#tabs.forEach((tab, at) => this.#checkTab(tab, last[at]!));
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
    if (client.state !== 'connected') return this.#report(`stuck: ${JSON.stringify(client.change)}`);
    const user = client.identity?.user?.userId ?? null;
    if (user !== this.#who) this.#report(`a tab is ${user}, and the cookie of ${this.#who}`);
    CHANNELS.forEach((name, at) => {
      const channel = client.channel<string>(name);
      if (channel.users === 0) return;
      if (channel.state !== 'subscribed') this.#report(`${name} is stuck: ${JSON.stringify(channel.change)}`);
      if (watch.channels.get(name)!.last === before[at]) this.#report(`${name}: an event is lost at the end`);
    });
  }
}
