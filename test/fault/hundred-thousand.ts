import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { SingleBackend } from './backends/single.js';
import { Build } from './build.js';
import { check } from './checker/check.js';
import { FaultClient } from './client.js';
import { API_KEY, Instance } from './instance.js';
import { emptyLog } from './log.js';
import { post } from './post.js';
import { Random } from '../support/random.js';
import { describe } from './report.js';

/**
 * 100,000 channels with one subscriber each, while Redis dies and restarts with its data: `npm run test:fault:channels
 * -- [--sockets 200] [--each 500] [--instances 2]`. Prints the time until the last channel receives events again, and
 * exits with 1 if an event was lost.
 */
const { values } = parseArgs({
  options: {
    sockets: { type: 'string', default: '200' },
    each: { type: 'string', default: '500' },
    instances: { type: 'string', default: '2' },
    dist: { type: 'string' },
  },
});
const [sockets, each, count] = [Number(values.sockets), Number(values.each), Number(values.instances)];

/** Events per request: their JSON stays below Express's limit of 100 kB. */
const BATCH = 1_000;
const PATIENCE_MS = 180_000;

const random = new Random('hundred thousand');
const log = emptyLog();
const agent = new Agent({ keepAlive: true, maxSockets: 4 });
const names = Array.from({ length: sockets * each }, (_, index) => `user:${index + 1}`);

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function seconds(from: number): string {
  return `${((performance.now() - from) / 1000).toFixed(2)} s`;
}

/** Publishes one event to each channel, in batches. A refused batch is sent again. */
async function publishTo(channels: readonly string[], round: number, instances: readonly Instance[]): Promise<void> {
  const batches = Array.from({ length: Math.ceil(channels.length / BATCH) }, (_, index) =>
    channels.slice(index * BATCH, (index + 1) * BATCH),
  );
  const publishBatch = async (batch: readonly string[], index: number): Promise<void> => {
    const startedAt = performance.now();
    const events = batch.map((channel) => ({
      channel,
      data: { key: `${round}/${channel}` },
      idempotencyKey: `${round}`,
    }));
    for (;;) {
      const instance = instances[index % instances.length]!;
      const options = { agent, headers: { 'X-API-Key': API_KEY }, timeoutMs: 60_000 };
      const answer = await post(`${instance.httpUrl}/realtime/events`, events, options);
      if (answer.kind !== 'answered' || answer.status !== 201) {
        await delay(200);
        continue;
      }
      const settledAt = performance.now();
      for (const { id, channel } of answer.body as { readonly id: string; readonly channel: string }[]) {
        const emit = { key: `${round}/${channel}`, channel, publisher: 'all', sequence: round, startedAt, settledAt };
        log.emits.push({ ...emit, outcome: 'acknowledged', id });
      }
      return;
    }
  };
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < batches.length) {
      const index = next;
      next += 1;
      await publishBatch(batches[index]!, index);
    }
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const from = performance.now();
  while (!holds()) {
    if (performance.now() - from > PATIENCE_MS) throw new Error(`Waited ${PATIENCE_MS} ms for ${what}`);
    await delay(20);
  }
}

const eventsOf = (round: number): number => received.get(round) ?? 0;
/** round → number of its events that clients have received */
const received = new Map<number, number>();
let counted = 0;
function countNew(): void {
  for (; counted < log.seen.length; counted += 1) {
    const record = log.seen[counted]!;
    if (record.kind !== 'event') continue;
    const round = Number(record.key.split('/', 1)[0]);
    received.set(round, eventsOf(round) + 1);
  }
}
const hasAll = (round: number) => (): boolean => {
  countNew();
  return eventsOf(round) >= names.length;
};

const build = await Build.make([], { from: values.dist });
const backend = await SingleBackend.start(count, random, ['appendonly yes', 'appendfsync everysec']);
const instances: Instance[] = [];
for (let index = 0; index < count; index += 1) {
  const env = {
    REALTIME_MAX_SUBSCRIPTIONS_PER_CONNECTION: String(each),
    REALTIME_MAX_CONNECTIONS_PER_USER: String(sockets),
    REALTIME_HANDSHAKES_PER_SECOND_PER_USER: '1000000',
    ...backend.env(index),
  };
  instances.push(await Instance.create(`i${index + 1}`, build.dist, env));
}
const clients: FaultClient[] = [];
const running: Promise<void>[] = [];
try {
  await Promise.all(instances.map((instance) => instance.start()));
  const subscribing = performance.now();
  for (let index = 0; index < sockets; index += 1) {
    const own = instances[index % instances.length]!;
    const channels = names.slice(index * each, (index + 1) * each);
    const entryPoints = () => [{ port: own.port, open: true }];
    const habits = { stayMs: null, role: 'admin', answerMs: PATIENCE_MS } as const;
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
  }
  await until('every subscription', () => log.seen.length >= names.length);
  say(`${names.length} channels with a subscriber each, on ${count} instances: subscribed in ${seconds(subscribing)}`);

  const before = performance.now();
  await publishTo(names, 1, instances);
  await until('the events before', hasAll(1));
  say(`an event to each: ${seconds(before)}`);

  await backend.node.kill();
  await delay(500);
  await backend.node.restart();
  const back = performance.now();
  say('Redis was killed and is back with its data');
  // Some events are published during the resubscription, spread over all channels, and the others afterwards.
  const isEarly = (_name: string, index: number): boolean => index % 100 === 0;
  const early = publishTo(names.filter(isEarly), 2, instances);
  const isBack = (instance: Instance): boolean => instance.output.includes('(subscribing): connected again');
  await until('all instances to be back', () => instances.every(isBack));
  say(`every channel is subscribed again, and its position read, ${seconds(back)} after Redis came back`);
  await early;
  const rest = names.filter((name, index) => !isEarly(name, index));
  await publishTo(rest, 2, instances);
  await until('the events after', hasAll(2));
  say(`and every subscriber has an event that was published after that, ${seconds(back)} after Redis came back`);

  for (const client of clients) client.end();
  const { violations, figures } = check(log, { redisMayLose: false });
  const { delivered, resyncs, recoveredFalse } = figures;
  say(`delivered ${delivered}, resyncs ${resyncs}, not recovered ${recoveredFalse}, violations ${violations.length}`);
  say(describe(violations));
  process.exitCode = violations.length === 0 && resyncs === 0 ? 0 : 1;
} catch (error) {
  countNew();
  say(`${(error as Error).message}; before ${eventsOf(1)} and after ${eventsOf(2)} of ${names.length} events came`);
  for (const instance of instances) say(`${instance.name} said:\n${instance.output.slice(-3000)}`);
  process.exitCode = 1;
} finally {
  for (const client of clients) client.end();
  await Promise.allSettled(running);
  agent.destroy();
  await Promise.all(instances.map((instance) => instance.stop().catch(() => instance.kill())));
  await backend.stop();
  await build.remove();
}
