import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { SingleBackend } from '../backends/single.js';
import { Build, type Patch } from '../build.js';
import { check } from '../checker/check.js';
import type { Violation } from '../checker/violations.js';
import { FaultClient } from '../client.js';
import { API_KEY, Instance } from '../instance.js';
import { emptyLog, type ClientRecord, type EmitRecord, type RunLog } from '../log.js';
import { post } from '../post.js';
import { Random } from '../../support/random.js';

/** The audit checks every second which channels are due. The remaining time is for the reads, of 512 channels each. */
const LOOK_MS = 1_000;
const READS_MS = 3_000;
const PATIENCE_MS = 240_000;
/** Number of connections that subscribe concurrently, each to all of its channels at once. */
const AT_ONCE = 8;

/** Events of this instance are acknowledged and stored, but their messages reach no subscriber. */
export const MUTE: Patch = {
  file: 'realtime/backends/redis/publish-link.js',
  find: '...[this.keys.pubsub(topic), history.size,',
  replace: "...[this.keys.pubsub('lost'), history.size,",
};

export interface QuietRun {
  readonly dist?: string | undefined;
  readonly seed: string;
  readonly sockets: number;
  /** Channels per connection. */
  readonly each: number;
  /** Number of lost events, each on an otherwise quiet channel. */
  readonly losses: number;
  /** Interval of the audit, in milliseconds: 60 s in the product. */
  readonly auditMs: number;
  /** Deliberate bugs in the product. */
  readonly patches?: readonly Patch[];
  readonly say?: (text: string) => void;
}

export interface QuietVerdict {
  readonly subscribedMs: number;
  readonly acknowledged: number;
  /** Time from the acknowledgement of each event to its delivery, sorted; `Infinity` if it was not delivered. */
  readonly noticedMs: readonly number[];
  /** Maximum time to detect a loss on a quiet channel, in milliseconds. */
  readonly boundMs: number;
  readonly late: number;
  readonly violations: readonly Violation[];
}

/** Loses single messages on quiet channels while all connections stay open: only the audit can detect that. */
export async function runQuiet(run: QuietRun): Promise<QuietVerdict> {
  const { sockets, each, auditMs, patches = [], say = () => undefined } = run;
  const random = new Random(`quiet ${run.seed}`);
  const log = emptyLog();
  const names = Array.from({ length: sockets * each }, (_, index) => `user:${index + 1}`);
  const interval: Patch = {
    file: 'realtime/backends/redis/redis-intervals.js',
    find: 'auditMs: 60_000',
    replace: `auditMs: ${auditMs}`,
  };
  const build = await Build.make([interval, ...patches], { from: run.dist });
  const mute = await Build.make([MUTE], { from: run.dist });
  // All subscribers are on one instance; messages of the other one do not reach them.
  const backend = await SingleBackend.start(2, random);
  const instances: Instance[] = [];
  const clients: FaultClient[] = [];
  const running: Promise<void>[] = [];
  try {
    for (const [index, { dist }] of [build, mute].entries()) {
      const env = {
        REALTIME_MAX_SUBSCRIPTIONS_PER_CONNECTION: String(each),
        REALTIME_MAX_CONNECTIONS_PER_USER: String(sockets),
        REALTIME_HANDSHAKES_PER_SECOND_PER_USER: '1000000',
        ...backend.env(index),
      };
      instances.push(await Instance.create(`i${index + 1}`, dist, env));
    }
    const [listening, losing] = instances as [Instance, Instance];
    await Promise.all(instances.map((instance) => instance.start()));
    const subscribing = performance.now();
    const [subscribed, arrived] = [counter(log, 'subscribed'), counter(log, 'event')];
    const untilSubscribed = async (count: number): Promise<void> => {
      const left = subscribing + PATIENCE_MS - performance.now();
      if (await holds(() => subscribed() >= count, left)) return;
      throw new Error(`${subscribed()} of ${names.length} channels were subscribed in ${seconds(PATIENCE_MS)}`);
    };
    for (let index = 0; index < sockets; index += 1) {
      const channels = names.slice(index * each, (index + 1) * each);
      const habits = { stayMs: null, role: 'admin', answerMs: PATIENCE_MS } as const;
      const entryPoints = () => [{ port: listening.port, open: true }];
      const client = new FaultClient(
        `stay${index + 1}`,
        channels,
        entryPoints,
        log,
        random.fork(`client ${index}`),
        habits,
      );
      clients.push(client);
      running.push(client.run());
      await untilSubscribed((index + 1 - AT_ONCE) * each);
    }
    await untilSubscribed(names.length);
    const subscribedMs = performance.now() - subscribing;
    say(`${names.length} quiet channels on one instance: subscribed in ${seconds(subscribedMs)}`);

    await lose(losing, pickSome(names, run.losses, random), auditMs, random, log.emits);
    const boundMs = 1.2 * auditMs + LOOK_MS + READS_MS;
    say(`${log.emits.length} events were acknowledged, and their messages were lost`);
    await holds(() => arrived() >= log.emits.length, boundMs + READS_MS);
    for (const client of clients) client.end();
    const arrivals = new Map(log.seen.flatMap((record) => (record.kind === 'event' ? [[record.key, record.at]] : [])));
    const noticedMs = log.emits
      .map(({ key, settledAt }) => (arrivals.get(key) ?? Infinity) - settledAt)
      .toSorted((a, b) => a - b);
    const { violations } = check(log, { redisMayLose: false, starvedAfterMs: Infinity });
    const late = noticedMs.filter((time) => time > boundMs).length;
    return { subscribedMs, acknowledged: log.emits.length, noticedMs, boundMs, late, violations };
  } finally {
    for (const client of clients) client.end();
    await Promise.allSettled(running);
    await Promise.all(instances.map((instance) => instance.stop().catch(() => instance.kill())));
    await backend.stop();
    await Promise.all([build.remove(), mute.remove()]);
  }
}

/**
 * Publishes one event to each of these channels, spread over one audit interval, so that losses occur at any time of an
 * audit round.
 */
async function lose(
  mute: Instance,
  channels: readonly string[],
  overMs: number,
  random: Random,
  emits: EmitRecord[],
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const options = { agent, headers: { 'X-API-Key': API_KEY }, timeoutMs: 30_000 };
  try {
    for (const channel of channels) {
      await delay((overMs / channels.length) * random.between(0.5, 1.5));
      const startedAt = performance.now();
      const key = `lost/${channel}`;
      const answer = await post(`${mute.httpUrl}/realtime/events`, { channel, data: { key } }, options);
      if (answer.kind !== 'answered' || answer.status !== 201) throw new Error(`${key}: ${JSON.stringify(answer)}`);
      const { id } = answer.body as { readonly id: string };
      const times = { startedAt, settledAt: performance.now() };
      emits.push({ key, channel, publisher: 'mute', sequence: 1, ...times, outcome: 'acknowledged', id });
    }
  } finally {
    agent.destroy();
  }
}

function pickSome(names: readonly string[], count: number, random: Random): readonly string[] {
  const picked = new Set<string>();
  while (picked.size < Math.min(count, names.length)) picked.add(random.pick(names));
  return [...picked];
}

/** Counts the records of one kind incrementally. */
function counter({ seen }: RunLog, kind: ClientRecord['kind']): () => number {
  let [looked, count] = [0, 0];
  return () => {
    for (; looked < seen.length; looked += 1) if (seen[looked]?.kind === kind) count += 1;
    return count;
  };
}

async function holds(condition: () => boolean, milliseconds: number): Promise<boolean> {
  const until = performance.now() + milliseconds;
  while (!condition()) {
    if (performance.now() > until) return false;
    await delay(50);
  }
  return true;
}

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`;
}
