import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { withDefaults } from '../../realtime/support/realtime-app.js';
import { Child } from '../../support/child.js';
import { signToken } from '../../support/jwt.js';
import { Random } from '../../support/random.js';
import { RedisProcess } from '../../support/redis-process.js';
import { connect, type WsClient } from '../../support/ws-client.js';
import { checkKills, type HookCall, type KillLog, type KillViolation } from './check.js';

const LEASE = { leaseMs: 1_000, renewMs: 200 };
const GRACE_MS = 150;
const ROOMS = ['rooms:1', 'rooms:2', 'rooms:3', 'rooms:4'];
const USERS = ['u1', 'u2', 'u3'];
/** Actions of clients between two faults, and the pause after each, in milliseconds. */
const ACTIONS = 8;
const PAUSE_MS = 40;

export interface KillRun {
  readonly seed: number | string;
  /** Number of faults: kills of an instance or of Redis, which keeps its data. */
  readonly kills: number;
  /** Share of the faults that are kills of Redis. @default 0.25 */
  readonly ofRedis?: number;
  /** @default 3 */
  readonly instances?: number;
  /** Name of a fault in the module: see serve.mjs. */
  readonly mutant?: string;
  /** Maximum time until the calls of hooks match the clients, in milliseconds. @default 15000 */
  readonly restMs?: number;
}

export interface KillResult {
  readonly log: KillLog;
  readonly violations: readonly KillViolation[];
}

interface Instance {
  readonly name: string;
  readonly child: Child;
  readonly url: string;
}

interface Visit {
  readonly client: WsClient;
  readonly instance: Instance;
  readonly user: string;
  readonly room: string;
}

/** Runs instances whose clients come and go, kills instances and Redis at random, and checks the calls of their hooks. */
export async function runKills({
  seed,
  kills,
  ofRedis = 0.25,
  instances = 3,
  mutant,
  restMs = 15_000,
}: KillRun): Promise<KillResult> {
  const random = new Random(`hooks ${seed}`);
  const redis = await RedisProcess.start({ appendonly: 'yes' });
  const children: Instance[] = [];
  const living: Instance[] = [];
  const visits = new Set<Visit>();
  const faults: number[] = [];
  const rests: { at: number; present: readonly string[] }[] = [];
  const start = async (): Promise<void> => {
    const instance = await startInstance(redis.url, `i${children.length + 1}`, mutant);
    children.push(instance);
    living.push(instance);
  };
  const calls = (): HookCall[] => children.flatMap(callsOf);
  const present = (): string[] => [...new Set([...visits].flatMap(({ user, room }) => [user, room]))];
  const act = async (): Promise<void> => {
    if (visits.size > 0 && random.chance(0.5)) {
      const visit = random.pick([...visits]);
      visits.delete(visit);
      await visit.client.close();
      return;
    }
    const [instance, user, room] = [random.pick(living), random.pick(USERS), random.pick(ROOMS)];
    const client = await connect(instance.url, { token: signToken({ sub: user }) });
    const answer = await client.ask({ type: 'subscribe', channel: room });
    if (answer.type === 'subscribed') visits.add({ client, instance, user, room });
    else await client.close(); // Redis is not back yet
  };
  /** Subscribes to a channel that only this instance knows, and waits for its hook: another one has to notice its end. */
  const occupyOn = async ({ name, url }: Instance): Promise<void> => {
    const room = `rooms:only-${name}`;
    const client = await connect(url, { token: signToken({ sub: random.pick(USERS) }) });
    while ((await client.ask({ type: 'subscribe', channel: room })).type !== 'subscribed') await delay(50);
    while (!calls().some((call) => call.name === room)) await delay(10);
  };
  /** Waits until the calls match the clients, and notes that moment. */
  const rest = async (): Promise<void> => {
    const end = performance.now() + restMs;
    for (;;) {
      const moment = { at: Date.now(), present: present() };
      const wrong = checkKills({ calls: calls(), faults, rests: [moment] }).some(
        (one) => one.class === 'wrong-at-rest',
      );
      if (wrong && performance.now() < end) {
        await delay(20);
        continue;
      }
      rests.push(moment);
      return;
    }
  };

  try {
    await Promise.all(Array.from({ length: instances }, start));
    for (let fault = 0; fault < kills; fault += 1) {
      for (let count = 0; count < ACTIONS; count += 1) {
        await act();
        await delay(random.between(0, PAUSE_MS));
      }
      if (random.chance(ofRedis)) {
        faults.push(Date.now());
        await redis.restart();
      } else {
        const [killed] = living.splice(Math.floor(random.next() * living.length), 1);
        await occupyOn(killed!);
        faults.push(Date.now());
        await killed!.child.stop('SIGKILL');
        for (const visit of visits) if (visit.instance === killed) visits.delete(visit);
        await start();
      }
      if (random.chance(0.5)) await rest();
    }
    await rest();
    for (const { client } of visits) await client.close();
    visits.clear();
    await rest();
    const log = { calls: calls(), faults, rests };
    return { log, violations: checkKills(log) };
  } finally {
    await Promise.all(children.map(({ child }) => child.stop('SIGKILL')));
    await redis.stop();
  }
}

async function startInstance(redisUrl: string, name: string, mutant?: string): Promise<Instance> {
  const dist = resolve(process.env['TEST_DIST'] ?? 'dist');
  if (!existsSync(dist)) throw new Error('dist is missing: run "npm run build" first');
  const options = withDefaults({
    channels: [{ name: 'rooms:{id}', access: 'authenticated' }],
    occupancyGraceMs: GRACE_MS,
    redis: { url: redisUrl },
  });
  const settings = JSON.stringify({ dist, options, lease: LEASE, mutant });
  const child = new Child(process.execPath, [resolve('test/hooks/kills/serve.mjs'), settings]);
  await child.said(/listening on \d+\n/, 60_000);
  return { name, child, url: `ws://127.0.0.1:${/listening on (\d+)/.exec(child.stdout)![1]!}/ws` };
}

function callsOf({ name: instance, child }: Instance): HookCall[] {
  return [...child.stdout.matchAll(/^hook (.*)\n/gm)].map(([, json]) => {
    const { event, at, sequence, channel, userId } = JSON.parse(json!) as {
      readonly event: HookCall['event'];
      readonly at: number;
      readonly sequence: number;
      readonly channel?: string;
      readonly userId?: string;
    };
    return { event, at, sequence, instance, name: channel ?? userId! };
  });
}
