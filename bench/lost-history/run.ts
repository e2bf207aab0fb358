import { parseArgs } from 'node:util';
import { RedisProcess } from '../../test/support/redis-process.js';
import { microseconds } from '../clock.js';
import { SECRET, tokenOf } from '../tokens.js';
import { Holder, type Received } from './holder.js';
import { Instance } from './instance.js';

/**
 * Clients of a large state after the history was lost: `npm run bench:lost-history -- --clients 5000 --instances 2 --bytes 50000`.
 * Several instances over Redis, with the default limits but for those of an address. Exits with 1 if the state was loaded more than
 * once, or a client received it more than once.
 */
const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '5000' },
    instances: { type: 'string', default: '2' },
    bytes: { type: 'string', default: '50000' },
  },
});
const CLIENTS = Number(values.clients);
const FIELDS = 500;
const CHANNEL = 'notes:large';
const AT_ONCE = 100;

const length = Math.max(1, Math.floor(Number(values.bytes) / FIELDS) - 12);
const fields = Array.from({ length: FIELDS }, (_, index) => [`field${index}`, 'x'.repeat(length)]);
const state: Record<string, string> = { name: 'large', ...Object.fromEntries(fields) };
const options = (url: string): object => ({
  ...{ jwt: { secret: SECRET }, redis: { url }, maxConnectionsPerAddress: CLIENTS },
  requestBytesPerSecondOfAddress: 1_000_000_000,
});

const received: Received = { bytes: 0, states: 0, errors: 0, ends: 0 };
let onReceived = (_holder: Holder): void => undefined;
let json = Buffer.from(JSON.stringify(state));
const isState = (frame: Buffer): boolean => {
  const from = frame.indexOf('"data":') + '"data":'.length;
  return frame.compare(json, 0, json.length, from, from + json.length) === 0;
};

const redis = await RedisProcess.start();
const settings = { options: options(redis.url), pattern: 'notes:{noteId}', channel: CHANNEL, state };
const starting = Array.from({ length: Number(values.instances) }, () => Instance.start(settings));
const instances = await Promise.all(starting);
const holders = Array.from({ length: CLIENTS }, (_, index) => {
  const { port } = instances[index % instances.length]!;
  const url = `ws://127.0.0.1:${port}/ws?token=${tokenOf(index)}`;
  return new Holder(url, CHANNEL, received, isState, (holder) => onReceived(holder));
});

/** Resolves once a condition holds for all of these clients. */
async function until(holds: (holder: Holder) => boolean, some: readonly Holder[] = holders): Promise<void> {
  const waiting = new Set(some.filter((holder) => !holds(holder)));
  if (waiting.size === 0) return;
  await new Promise<void>((resolve) => {
    onReceived = (holder) => {
      if (holds(holder) && waiting.delete(holder) && waiting.size === 0) resolve();
    };
  });
}

let isRight = true;

/** Measures until all clients hold the state, and then a change of one field. @param begin starts what brings the clients back */
async function phase(name: string, begin: () => Promise<void>): Promise<void> {
  for (const holder of holders) holder.reset();
  for (const instance of instances) await instance.report();
  Object.assign(received, { bytes: 0, states: 0, errors: 0, ends: 0 });
  const [from, cpuFrom] = [microseconds(), process.cpuUsage()];
  await begin();
  await until(({ states }) => states > 0);
  const last = Math.max(...holders.map(({ stateAt }) => stateAt));
  const first = Math.min(...holders.map(({ stateAt }) => stateAt));
  const reports = await Promise.all(instances.map((instance) => instance.report()));
  const { user, system } = process.cpuUsage(cpuFrom);
  say(`\n${name}`);
  const loads = reports.reduce((sum, one) => sum + one.loads, 0);
  say('loads', String(loads));
  say('first and last client held the state after', `${seconds(first - from)}, ${seconds(last - from)} s`);
  const most = holders.reduce((max, { states }) => Math.max(max, states), 0);
  const { bytes, states, errors, ends } = received;
  say('states received, and at most by one client', `${states}, ${most}`);
  say('bytes received, and of the state times clients', `${bytes}, ${json.length * CLIENTS}`);
  say('reports of failed loads, connections that failed or ended', `${errors}, ${ends}`);
  for (const [index, { cpuMs, peakBytes, delayP99Ms, delayMaxMs }] of reports.entries()) {
    const delays = `event loop p99 ${delayP99Ms.toFixed(0)} ms, longest ${delayMaxMs.toFixed(0)} ms`;
    say(`instance ${index}`, `CPU ${cpuMs.toFixed(0)} ms, peak ${(peakBytes / 1e6).toFixed(0)} MB, ${delays}`);
  }
  say('CPU of the clients', `${((user + system) / 1_000).toFixed(0)} ms`);
  await change();
  const again = received.states - states;
  say('states received later', String(again));
  isRight &&= loads === 1 && most === 1 && again === 0;
}

async function change(): Promise<void> {
  for (const holder of holders) holder.reset();
  const value = String(microseconds()).padEnd(length, 'y');
  const from = microseconds();
  state['field7'] = value;
  await Promise.all(instances.map((instance) => instance.write({ field7: value })));
  await instances[0]!.patch({ field7: value });
  await until(({ patch }) => patch !== null);
  const largest = Math.max(...holders.map(({ patch }) => patch!.bytes));
  const last = Math.max(...holders.map(({ patch }) => patch!.at));
  json = Buffer.from(JSON.stringify(state));
  const share = (json.length / largest).toFixed(0);
  say(
    'a change of one field',
    `${largest} bytes, 1/${share} of ${json.length}; last client after ${seconds(last - from)} s`,
  );
}

const seconds = (time: number): string => (time / 1e6).toFixed(2);
const say = (name: string, value?: string): void =>
  void process.stdout.write(value === undefined ? `${name}\n` : `  ${name}: ${value}\n`);

try {
  say(`${CLIENTS} clients, ${instances.length} instances, ${json.length} bytes`);
  await phase('The clients arrive for the first time', async () => {
    for (let begun = 0; begun < CLIENTS; begun += AT_ONCE) {
      const some = holders.slice(begun, begun + AT_ONCE);
      for (const holder of some) void holder.live();
      await until(({ states }) => states > 0, some);
    }
  });
  await phase('All clients are away while Redis loses its data, and come back at once', async () => {
    for (const holder of holders) holder.leave();
    await redis.restart();
    for (const holder of holders) void holder.live();
  });
  await phase('Redis loses its data while all clients are connected', () => redis.restart());
  await phase('Redis loses its data, and all instances are killed and started again', async () => {
    await Promise.all(instances.map((instance) => instance.kill()));
    await redis.restart();
    await Promise.all(instances.map((instance) => instance.start()));
  });
} finally {
  for (const holder of holders) holder.leave();
  await Promise.all(instances.map((instance) => instance.kill()));
  await redis.stop();
}
process.exitCode = isRight ? 0 : 1;
