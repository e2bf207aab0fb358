import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RedisLine } from '../../fault/redis-line.js';
import { withDefaults } from '../../realtime/support/realtime-app.js';
import { Random } from '../../support/random.js';
import { changeOf } from '../model/board-model.js';
import { checkLive, type LiveLog, type LiveViolation } from './check.js';
import { Database } from './database.js';
import { LiveClient } from './live-client.js';
import { LivePlace } from './live-place.js';

const INSTANCES = 3;
const LARGE = 1_000_000_000;
/** Time limit of a load, and the lease of an instance that loads, in milliseconds. */
const LOAD_TIMEOUT_MS = 1_500;
const LEASE_MS = LOAD_TIMEOUT_MS + 2_000;
/** Changes that wait for their answer at once, at most. */
const TOGETHER = 12;
/** Time within which all clients must hold the state of the database after a round, in milliseconds. */
const EQUAL_MS = 60_000;

/** Faults, of which each round has one. */
export const FAULTS = ['kill', 'kill-loader', 'promote', 'flush', 'restart', 'replace'] as const;
export type LiveFault = (typeof FAULTS)[number];

export interface LiveRun {
  readonly seed: number | string;
  /** Each has one fault, in turn. */
  readonly rounds: number;
  /** Changes of a round. @default 300 */
  readonly changes?: number;
  /** @default 12 */
  readonly clients?: number;
  /** @default all */
  readonly faults?: readonly LiveFault[];
  /** Name of a fault in the module: see serve.mjs. */
  readonly mutant?: string;
  /** @default 60000 */
  readonly equalMs?: number;
}

export interface LiveRunResult {
  readonly violations: readonly LiveViolation[];
  readonly figures: Readonly<Record<string, number>>;
}

/** The instances, Redis, the database and the clients of a run. */
class LiveWorld {
  readonly log: LiveLog & {
    readonly [Name in 'held' | 'leaks' | 'problems' | 'ends' | 'losses']: LiveLog[Name][number][];
  };
  readonly clients: LiveClient[] = [];
  /** Parts of channels whose change waits for its answer. */
  private readonly writing = new Set<string>();
  /** Channels with a change that is perhaps not announced. */
  private readonly unknown = new Set<string>();
  private inFlight = 0;
  private changes = 0;

  constructor(
    private readonly random: Random,
    private readonly redis: RedisLine,
    private readonly database: Database,
    private readonly places: readonly LivePlace[],
    private readonly channels: readonly string[],
  ) {
    const { commits, loads } = database;
    this.log = { commits, loads, ...{ held: [], losses: [], leaks: [], problems: [], ends: [] } };
  }

  get place(): LivePlace {
    return this.random.pick(this.places.filter(({ isUp }) => isUp));
  }

  join(count: number): void {
    const { channels, log } = this;
    for (let index = 0; index < count; index += 1) {
      const isRestricted = index % 3 !== 2;
      const prefix = isRestricted ? 'boards' : 'notes';
      const own = channels.filter((channel) => channel.startsWith(prefix));
      const role = index % 3 === 0 ? 'user' : 'admin';
      this.clients.push(new LiveClient(`c${index}`, role, own, isRestricted, () => this.place.url, log));
    }
  }

  /** Makes changes, while clients come and go, and one fault happens. */
  async round(changes: number, fault: LiveFault): Promise<void> {
    const { random } = this;
    const faultAt = Math.floor(random.between(0.2, 0.5) * changes);
    let failing: Promise<void> = Promise.resolve();
    for (let index = 0; index < changes; index += 1) {
      while (this.inFlight >= TOGETHER) await delay(2);
      if (index === faultAt) failing = this.fail(fault);
      const kind = random.next();
      if (kind < 0.8) this.change();
      else if (kind < 0.86) this.changeSilently();
      else if (kind < 0.92) this.send(random.pick(this.channels));
      else if (kind < 0.97) random.pick(this.clients).cut(random.chance(0.4));
      else random.pick(this.clients).signIn();
      await delay(random.between(0, 8));
    }
    await failing;
    while (this.inFlight > 0) await delay(5);
  }

  /** Announces all changes, and waits until every client holds the state of the database. */
  async settle(limitMs: number): Promise<void> {
    const end = performance.now() + limitMs;
    while (this.unknown.size > 0 && performance.now() < end) {
      for (const channel of [...this.unknown]) {
        if (await this.place.change(channel)) this.unknown.delete(channel);
        else await delay(100);
      }
    }
    while (!this.ends().every(({ held, expected }) => held === expected) && performance.now() < end) await delay(20);
    this.log.ends.push(...this.ends());
  }

  private ends(): { who: string; held: string; expected: string }[] {
    return this.clients.flatMap((client) =>
      client.channels.map((channel) => ({
        who: `${client.name} on ${channel}`,
        held: client.holds(channel),
        expected: client.expected(this.database.stateOf(channel)),
      })),
    );
  }

  private change(): void {
    const { random, database, writing } = this;
    const channel = random.pick(this.channels);
    const { apply, patch, parts } = this.nextChange(channel);
    if (!this.isFree(channel, parts)) return;
    database.commit(channel, { apply });
    const isWhole = random.chance(0.05) && ![...writing].some((part) => part.startsWith(`${channel} `));
    const sent = isWhole ? { set: { '': structuredClone(database.stateOf(channel)) } } : patch;
    const own = (isWhole ? ['*'] : parts).map((part) => `${channel} ${part}`);
    for (const part of own) writing.add(part);
    this.send(channel, sent, () => {
      for (const part of own) writing.delete(part);
    });
  }

  private changeSilently(): void {
    const channel = this.random.pick(this.channels);
    const { apply, parts } = this.nextChange(channel);
    if (!this.isFree(channel, parts)) return;
    this.database.commit(channel, { apply });
    this.unknown.add(channel);
  }

  private nextChange(channel: string): ReturnType<typeof changeOf> {
    this.changes += 1;
    const [kind, key] = [this.random.between(0, 12), this.random.between(0, 3)];
    return changeOf(Math.floor(kind), Math.floor(key), this.changes, this.database.stateOf(channel));
  }

  /** Events of one part are published in the order of its commits. */
  private isFree(channel: string, parts: readonly string[]): boolean {
    return !['*', ...parts].some((part) => this.writing.has(`${channel} ${part}`));
  }

  /** Publishes a patch, or invalidates the state, on any instance. */
  private send(channel: string, patch?: object, onAnswer: () => void = () => undefined): void {
    this.inFlight += 1;
    void this.place.change(channel, patch).then((isPublished) => {
      this.inFlight -= 1;
      if (!isPublished) this.unknown.add(channel);
      onAnswer();
    });
  }

  private async fail(fault: LiveFault): Promise<void> {
    if (fault === 'kill') return this.kill(this.place);
    if (fault === 'kill-loader') return this.killLoader();
    const loss = { from: performance.now(), to: Infinity };
    this.log.losses.push(loss);
    await this.redis[fault]();
    loss.to = performance.now();
  }

  private async killLoader(): Promise<void> {
    for (;;) {
      const { loading } = this.database;
      const loader = this.places.find(({ name, isUp }) => isUp && loading.includes(name));
      if (loader !== undefined) return this.kill(loader);
      if (this.inFlight < TOGETHER) this.send(this.random.pick(this.channels));
      await delay(5);
    }
  }

  private async kill(place: LivePlace): Promise<void> {
    await place.kill();
    await place.start();
  }
}

/** Changes live resources on instances that are killed, over a Redis that loses data, and checks what clients hold. */
export async function runLive(run: LiveRun): Promise<LiveRunResult> {
  const { seed, rounds, changes = 300, clients = 12, faults = FAULTS, mutant, equalMs = EQUAL_MS } = run;
  const random = new Random(`live ${seed}`);
  const channels = ['boards:1', 'boards:2', 'notes:1', 'notes:2'];
  const delays = random.fork('delays');
  const redis = await RedisLine.open(random, { appendonly: 'yes', appendfsync: 'always' });
  const database = await Database.open(channels, () =>
    delays.chance(0.2) ? delays.between(50, 500) : delays.between(0, 20),
  );
  const settings = settingsOf(redis.url, database.url, mutant);
  const places = Array.from({ length: INSTANCES }, (_, index) => new LivePlace(index, settings));
  const world = new LiveWorld(random, redis, database, places, channels);
  try {
    await Promise.all(places.map((place) => place.start()));
    world.join(clients);
    for (let round = 0; round < rounds; round += 1) {
      await world.round(changes, faults[round % faults.length]!);
      await world.settle(equalMs);
      if (world.log.ends.some(({ held, expected }) => held !== expected)) break;
    }
    const total: Record<string, number> = { commits: database.commits.length, loads: database.loads.length };
    for (const { figures } of world.clients) {
      for (const [name, count] of Object.entries(figures)) total[name] = (total[name] ?? 0) + count;
    }
    return { violations: checkLive(world.log, LEASE_MS), figures: { ...total, held: world.log.held.length } };
  } finally {
    for (const client of world.clients) client.close();
    await Promise.all(places.map((place) => place.kill()));
    await database.close();
    await redis.close();
  }
}

function settingsOf(redisUrl: string, database: string, mutant: string | undefined): object {
  const dist = resolve(process.env['TEST_DIST'] ?? 'dist');
  if (!existsSync(dist)) throw new Error('dist is missing: run "npm run build" first');
  const options = withDefaults({
    ...{ framesPerSecond: 100_000, requestBytesPerSecond: LARGE, requestBytesPerSecondOfUser: LARGE },
    ...{ requestBytesPerSecondOfAddress: LARGE, handshakesPerSecondPerUser: 100_000, handshakesPerSecond: 100_000 },
    redis: { url: redisUrl },
  });
  const live = { history: { size: 60 }, loadTimeoutMs: LOAD_TIMEOUT_MS, ttlMs: 10_000 };
  return { dist, options, mutant, database, live };
}
