import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../support/ports.js';
import { Nginx } from '../fault/nginx.js';
import { startChildApp, type ChildApp } from '../realtime/support/child-app.js';
import { signToken } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import { within } from '../support/within.js';
import { LocalCrowd, type Crowd, type Outcome } from './crowd.js';
import { CHANNEL } from './deploy-client.js';
import { RemoteCrowd } from './remote-crowd.js';

/** Effect of one instance's shutdown on its clients. */
export interface Drained {
  /** Number of clients that it moved. */
  readonly moved: number;
  /** From SIGTERM to the end of the process, in milliseconds. */
  readonly endedAfterMs: number;
  /** Downtimes of the moved clients, in milliseconds, in ascending order. */
  readonly downtimeMs: readonly number[];
}

export interface DeployResult {
  readonly drained: readonly Drained[];
  /** Number of published events; each is for every client. */
  readonly published: number;
  /** Number of clients that did not receive each event once and in order. */
  readonly incomplete: number;
  /** Number of reloads by clients. */
  readonly resets: number;
  /** Longest time from `emit` to receipt of each client, in milliseconds, in ascending order. */
  readonly latestMs: readonly number[];
}

/** Interval between events with a thousand clients or fewer, in milliseconds. */
const PUBLISH_MS = 100;
/** Statuses of nginx and of an instance that drains, after which a service repeats its request. */
const UNAVAILABLE = new Set([502, 503, 504]);
/** Clients in one process. */
const CROWD = 2_500;
/** Clients that one worker of nginx serves: each has two of its file descriptors. */
const CLIENTS_PER_WORKER = 2_500;
const PATIENCE_MS = 60_000;

/**
 * A rolling deploy as an operator does it: two instances behind nginx, with the defaults of the module. One gets SIGTERM and
 * is started again, then the other, while events are published.
 * @param options of the module, in addition
 */
export async function deploy(clientCount: number, options: { reconnectSpreadMs?: number } = {}): Promise<DeployResult> {
  const patienceMs = PATIENCE_MS + (options.reconnectSpreadMs ?? 0);
  const redis = await RedisProcess.start();
  const ports = [await freePort(), await freePort()];
  const start = (port: number): Promise<ChildApp> => {
    const proxied = { trustedProxies: ['loopback'], maxConnectionsPerAddress: 2 * clientCount };
    return startChildApp({ redis: { url: redis.url }, handshakesPerSecondPerUser: 1, ...proxied, ...options }, port);
  };
  const instances = await Promise.all(ports.map(start));
  const workers = Math.ceil(clientCount / CLIENTS_PER_WORKER);
  const nginx = await Nginx.start(
    ports.map((port) => ({ port })),
    workers,
  );
  const crowds = crowdsOf(clientCount, `ws://127.0.0.1:${nginx.port}/ws`, patienceMs);
  const all = <T>(step: (crowd: Crowd) => Promise<T>): Promise<T[]> => Promise.all(crowds.map(step));
  // At most ten thousand events a second reach the clients: this machine serves both ends.
  const publishMs = Math.max(PUBLISH_MS, clientCount / 10);
  const publisher = new Publisher(`http://127.0.0.1:${nginx.port}`, publishMs);
  try {
    await all((crowd) => crowd.connect());
    publisher.start();
    const drained: Drained[] = [];
    for (const [index, instance] of instances.entries()) {
      const before = performance.timeOrigin + performance.now();
      const { pid } = instance.process;
      instance.process.kill('SIGTERM');
      await within(patienceMs, `the end of the process ${pid}`, instance.process.exited);
      const endedAfterMs = performance.timeOrigin + performance.now() - before;
      await all((crowd) => crowd.ready());
      const downtimes = (await all((crowd) => crowd.downtimesSince(before))).flat();
      drained.push({ moved: downtimes.length, endedAfterMs, downtimeMs: ascending(downtimes) });
      instances[index] = await start(ports[index]!);
    }
    const published = await publisher.stop();
    const outcomes = await all((crowd) => crowd.outcome(published));
    const sum = (of: (outcome: Outcome) => number): number => outcomes.reduce((total, one) => total + of(one), 0);
    return {
      ...{ drained, published },
      incomplete: sum(({ incomplete }) => incomplete),
      resets: sum(({ resets }) => resets),
      latestMs: ascending(outcomes.flatMap(({ latestMs }) => latestMs)),
    };
  } finally {
    await publisher.stop();
    await all((crowd) => crowd.close());
    await nginx.stop();
    await Promise.all(instances.map(({ process }) => process.stop('SIGKILL')));
    await redis.stop();
  }
}

function crowdsOf(clientCount: number, url: string, patienceMs: number): Crowd[] {
  if (clientCount <= CROWD) return [new LocalCrowd(url, 'u', clientCount, patienceMs)];
  const processes = Math.ceil(clientCount / CROWD);
  return Array.from({ length: processes }, (_, index) => {
    const count = Math.floor(clientCount / processes) + (index < clientCount % processes ? 1 : 0);
    return new RemoteCrowd(url, `p${index}-`, count, patienceMs);
  });
}

/** A service that publishes over HTTP through the load balancer. After a 502, 503 or 504 it repeats the event with the same key. */
class Publisher {
  private running: Promise<void> | null = null;
  private stopped = false;
  private published = 0;

  /** @param everyMs interval between events, in milliseconds */
  constructor(
    private readonly url: string,
    private readonly everyMs: number,
  ) {}

  start(): void {
    this.running = this.run();
    this.running.catch(() => undefined); // `stop` reports it
  }

  /** @returns the number of published events */
  async stop(): Promise<number> {
    this.stopped = true;
    await this.running;
    return this.published;
  }

  private async run(): Promise<void> {
    const headers = {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${signToken({ sub: 'publisher', role: 'admin' })}`,
    };
    while (!this.stopped) {
      const event = { channel: CHANNEL, data: { message: String(this.published) } };
      const body = JSON.stringify({ ...event, idempotencyKey: `deploy-${this.published}` });
      const response = await fetch(`${this.url}/realtime/events`, { method: 'POST', headers, body });
      await response.text();
      if (response.status === 201) this.published += 1;
      else if (!UNAVAILABLE.has(response.status)) throw new Error(`POST /realtime/events answered ${response.status}`);
      await delay(this.everyMs);
    }
  }
}

function ascending(numbers: readonly number[]): number[] {
  return numbers.toSorted((a, b) => a - b);
}
