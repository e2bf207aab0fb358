import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerFrame } from '../../../src/protocol/index.js';
import { withDefaults } from '../../realtime/support/realtime-app.js';
import { Child } from '../../support/child.js';
import { signToken } from '../../support/jwt.js';
import { freePort } from '../../support/ports.js';
import { Random } from '../../support/random.js';
import { RedisProcess } from '../../support/redis-process.js';
import { connect } from '../../support/ws-client.js';
import { TcpProxy } from '../../fault/proxy.js';
import { Caller } from './caller.js';
import { checkCalls, type Added, type CallLog, type CallViolation } from './check.js';

const CHANNEL = 'counts:added';
const LARGE = 100_000_000;
const CALLERS = 8;
/** Calls of one caller that run at once. */
const TOGETHER = 8;
/** Share of the calls that take a while, and how long, in milliseconds. */
const SLOW = 0.15;
const SLOW_MS = 100;

export interface CallRun {
  readonly seed: number | string;
  readonly calls: number;
  /** Number of kills of an instance. */
  readonly kills: number;
  /** False if a killed instance stays down. @default true */
  readonly restarts?: boolean;
  /** @default 2 */
  readonly instances?: number;
  /** Mean time between two cuts of all connections, in milliseconds. @default 150 */
  readonly cutMs?: number;
  /** Name of a fault in the module: see serve.mjs. */
  readonly mutant?: string;
}

export interface CallRunResult {
  readonly log: CallLog;
  readonly violations: readonly CallViolation[];
  /** Connections that all callers opened. */
  readonly connections: number;
}

/** An instance behind a line that can be cut. It is killed and started again. */
class Place {
  private readonly children: Child[] = [];

  private constructor(
    private readonly proxy: TcpProxy,
    private readonly settings: string,
  ) {}

  static async open(settings: string, random: Random): Promise<Place> {
    const proxy = await TcpProxy.start(await freePort(), 1, () => random.next());
    const place = new Place(proxy, settings);
    await place.start();
    return place;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.proxy.port}/ws`;
  }

  /** Address without the line. */
  get direct(): string {
    return `ws://127.0.0.1:${portOf(this.children.at(-1)!)}/ws`;
  }

  /** Ids of the calls whose handler started here. */
  get ran(): string[] {
    return this.children.flatMap(({ stdout }) => [...stdout.matchAll(/^ran (.*)\n/gm)].map(([, id]) => id!));
  }

  /** Cuts all connections: within the next bytes of the server, or at once. */
  cut(isInTheMiddle: boolean): void {
    if (isInTheMiddle) this.proxy.cutInTheMiddle();
    else this.proxy.cut();
  }

  async kill(): Promise<void> {
    await this.children.at(-1)!.stop('SIGKILL');
  }

  async close(): Promise<void> {
    await this.proxy.stop();
    await this.children.at(-1)?.stop('SIGKILL');
  }

  async start(): Promise<void> {
    const child = new Child(process.execPath, [resolve('test/commands/kills/serve.mjs'), this.settings]);
    this.children.push(child);
    await child.said(/listening on \d+\n/, 60_000);
    this.proxy.retarget(portOf(child));
  }
}

function portOf({ stdout }: Child): number {
  return Number(/listening on (\d+)/.exec(stdout)![1]);
}

/** Runs callers whose connections are cut at random bytes, on instances that are killed at random, and checks all outcomes. */
export async function runCalls(run: CallRun): Promise<CallRunResult> {
  const { seed, calls, kills, restarts = true, instances = 2, cutMs = 150, mutant } = run;
  const random = new Random(`calls ${seed}`);
  const redis = await RedisProcess.start();
  const places: Place[] = [];
  const callers: Caller[] = [];
  let isOver = false;
  try {
    const settings = settingsOf(redis.url, mutant);
    places.push(...(await Promise.all(Array.from({ length: instances }, () => Place.open(settings, random)))));
    const urlOf = () => random.pick(places).url;
    callers.push(...Array.from({ length: CALLERS }, (_, index) => new Caller(`caller${index}`, urlOf)));
    let left = calls;
    const work = async (caller: Caller): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await caller.call(random.chance(SLOW) ? SLOW_MS : 0);
      }
    };
    const cutting = (async () => {
      while (!isOver) {
        await delay(random.between(0, 2 * cutMs));
        random.pick(places).cut(random.chance(0.7));
      }
    })();
    let killed = 0;
    let alive: readonly Place[] = places;
    const killing = (async () => {
      for (; killed < kills; killed += 1) {
        const before = calls - ((killed + 1) * calls) / (kills + 1);
        while (left > before) await delay(5);
        const place = random.pick(places);
        await place.kill();
        alive = places.filter((other) => other !== place);
        if (!restarts) continue;
        await place.start();
        alive = places;
      }
    })();
    await Promise.all([killing, ...callers.flatMap((caller) => Array.from({ length: TOGETHER }, () => work(caller)))]);
    isOver = true;
    await cutting;
    const log = {
      sent: callers.flatMap(({ sent }) => sent),
      ran: places.flatMap(({ ran }) => ran),
      answers: callers.flatMap(({ answers }) => answers),
      events: await eventsOf(alive[0]!.direct),
      kills,
    };
    const connections = callers.reduce((sum, caller) => sum + caller.connections, 0);
    return { log, violations: checkCalls(log), connections };
  } finally {
    isOver = true;
    for (const caller of callers) caller.close();
    await Promise.all(places.map((place) => place.close()));
    await redis.stop();
  }
}

function settingsOf(redisUrl: string, mutant: string | undefined): string {
  const dist = resolve(process.env['TEST_DIST'] ?? 'dist');
  if (!existsSync(dist)) throw new Error('dist is missing: run "npm run build" first');
  const options = withDefaults({
    channels: [{ name: CHANNEL, access: 'authenticated', history: { size: 100_000, ttlMs: 3_600_000 } }],
    commands: {
      ...{ leaseMs: 1_000, perSecond: 1_000_000, maxRunning: 1_000, maxRunningPerUser: 10_000 },
      ...{ maxKeptPerUser: LARGE, maxKeptBytesPerUser: LARGE },
    },
    ...{ framesPerSecond: 100_000, requestBytesPerSecond: LARGE, requestBytesPerSecondOfUser: LARGE },
    ...{ requestBytesPerSecondOfAddress: LARGE, handshakesPerSecondPerUser: 100_000, handshakesPerSecond: 100_000 },
    redis: { url: redisUrl },
  });
  return JSON.stringify({ dist, options, mutant });
}

/** Reads the history of the channel, page by page. */
async function eventsOf(url: string): Promise<Added[]> {
  const client = await connect(url, { token: signToken({ sub: 'reader' }) });
  const events: Added[] = [];
  let before: string | undefined;
  for (;;) {
    const page = (await client.ask({ type: 'history', channel: CHANNEL, limit: 1_000, before })) as Extract<
      ServerFrame,
      { type: 'history' }
    >;
    if (page.type !== 'history') throw new Error(`No history: ${JSON.stringify(page)}`);
    events.push(...page.events.map(({ id, data }) => ({ callId: (data as { call: string }).call, position: id! })));
    if (!page.more) break;
    before = page.events[0]!.id!;
  }
  client.terminate();
  return events;
}
