import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { signToken, TEST_SECRET } from '../support/jwt.js';
import { connect, type WsClient } from '../support/ws-client.js';

/** Resource usage of the server; memory in bytes. */
export interface Sample {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly cpuMs: number;
  readonly connections: number;
  readonly subscriptions: number;
  readonly channels: number;
  readonly users: number;
  readonly slowConsumersClosed: number;
  readonly delivered: number;
}

/** The server without clients, after a garbage collection. */
export interface Rest extends Sample {
  readonly resources: Readonly<Record<string, number>>;
  readonly listeners: Readonly<Record<string, number>>;
}

export interface SoakResult {
  readonly samples: readonly Sample[];
  /** Round-trip times of the healthy client, in milliseconds. */
  readonly pings: readonly number[];
  readonly before: Rest;
  readonly after: Rest;
  readonly load: { readonly opened: number; readonly refused: number };
  readonly mostAtOnce: number;
}

export interface SoakOptions {
  readonly seconds: number;
  readonly connections: number;
  readonly onProgress?: (line: string) => void;
}

/** Resolves with the next message of a child that has this field. */
async function messageWith<T>(child: ChildProcess, field: string, ask?: string): Promise<T> {
  if (ask !== undefined) child.send(ask);
  for (;;) {
    const [message] = (await once(child, 'message')) as [Record<string, T>];
    if (message[field] !== undefined) return message[field];
  }
}

/** Runs short-lived clients, floods, slow readers and invalid frames against the built module, next to a healthy client. */
export async function soak({ seconds, connections, onProgress }: SoakOptions): Promise<SoakResult> {
  const server = fork(resolve('test/soak/serve.mjs'), [TEST_SECRET], { execArgv: ['--expose-gc'] });
  let load: ChildProcess | null = null;
  try {
    const port = await messageWith<number>(server, 'port');
    await warmUp(port);
    const before = await messageWith<Rest>(server, 'rest', 'rest');
    const figures = { opened: 0, refused: 0 };
    load = fork(resolve('test/soak/load.ts'), [String(port), String(connections)], { execArgv: ['--import', 'tsx'] });
    load.on('message', ({ opened, refused }: typeof figures) => Object.assign(figures, { opened, refused }));

    await messageWith(load, 'open'); // it starts slowly
    const until = performance.now() + seconds * 1000;
    const isOver = (): boolean => performance.now() >= until;
    const pings: number[] = [];
    const samples: Sample[] = [];
    const healthyClient = async (): Promise<WsClient> => {
      const client = await connect(`ws://127.0.0.1:${port}/ws`, { token: signToken({ sub: 'healthy' }) });
      await client.next('connected');
      return client;
    };
    const healthy = async (): Promise<void> => {
      let client = await healthyClient();
      while (!isOver()) {
        const since = performance.now();
        const answered = await client.fence().then(
          () => true,
          () => false, // timed out: counts as a ping of this length, and starts again
        );
        pings.push(performance.now() - since);
        if (!answered) {
          client.terminate();
          client = await healthyClient();
        }
        await delay(100);
      }
      await client.close();
    };
    const watching = async (): Promise<void> => {
      for (let count = 1; !isOver(); count += 1) {
        const sample = await messageWith<Sample>(server, 'sample', 'sample');
        samples.push(sample);
        if (count % 30 === 0) onProgress?.(line(sample, pings));
        await delay(1_000);
      }
    };
    await Promise.all([healthy(), watching()]);
    load.send('stop');
    const after = await emptied(server);
    const mostAtOnce = Math.max(...samples.map((sample) => sample.connections));
    return { samples, pings, before, after, load: figures, mostAtOnce };
  } finally {
    for (const child of [load, server]) if (child?.connected) child.disconnect();
  }
}

/** Warms up, because an allocation at the first use is not a leak. */
async function warmUp(port: number): Promise<void> {
  const options = { token: signToken() };
  for (let count = 0; count < 50; count += 1) {
    const client = await connect(`ws://127.0.0.1:${port}/ws`, options);
    await client.ask({ type: 'subscribe', channel: 'apps:*' });
    await client.close();
  }
  await delay(3_500); // channels without subscribers linger
}

async function emptied(server: ChildProcess): Promise<Rest> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const { connections } = await messageWith<Sample>(server, 'sample', 'sample');
    if (connections === 0 || performance.now() > deadline) break;
    await delay(500);
  }
  await delay(3_500);
  return messageWith<Rest>(server, 'rest', 'rest');
}

export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? NaN;
}

function line({ connections, rss, heapUsed, slowConsumersClosed }: Sample, pings: readonly number[]): string {
  const mb = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MB`;
  const p99 = Math.round(percentile(pings, 0.99));
  return `${connections} connections, RSS ${mb(rss)}, heap ${mb(heapUsed)}, ${slowConsumersClosed} slow ones closed, ping p99 ${p99} ms`;
}
