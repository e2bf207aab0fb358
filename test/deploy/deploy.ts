import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Nginx } from '../fault/nginx.js';
import { lastingPort } from '../fault/lasting-port.js';
import { startChildApp, type ChildApp } from '../realtime/support/child-app.js';
import { signToken } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import { within } from '../support/within.js';
import { CHANNEL, DeployClient } from './deploy-client.js';

/** Effect of one instance's shutdown on its clients. */
export interface Drained {
  /** Number of clients that it moved. */
  readonly moved: number;
  /** From SIGTERM to the end of the process, in milliseconds. */
  readonly endedAfterMs: number;
  /** Dark times of the moved clients, in milliseconds, in ascending order. */
  readonly darkMs: readonly number[];
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

/** Interval between events, in milliseconds. */
const PUBLISH_MS = 100;
/** Number of clients that connect at the same time. */
const AT_ONCE = 50;
const PATIENCE_MS = 60_000;

/**
 * A rolling deploy as an operator does it: two instances behind nginx, with the defaults of the module. One gets SIGTERM and
 * is started again, then the other, while events are published.
 */
export async function deploy(clientCount: number): Promise<DeployResult> {
  const redis = await RedisProcess.start();
  const ports = [await lastingPort(), await lastingPort()];
  const start = (port: number): Promise<ChildApp> => {
    const proxied = { trustedProxies: ['loopback'], maxConnectionsPerAddress: 2 * clientCount };
    return startChildApp({ redis: { url: redis.url }, handshakesPerSecondPerUser: 1, ...proxied }, port);
  };
  const instances = await Promise.all(ports.map(start));
  const nginx = await Nginx.start(ports.map((port) => ({ port })));
  const change = new EventEmitter();
  const clients: DeployClient[] = [];
  const publisher = new Publisher(`http://127.0.0.1:${nginx.port}`);
  const until = async (what: string, isTrue: () => boolean, event = 'state'): Promise<void> => {
    const wait = async (): Promise<void> => {
      while (!isTrue()) await once(change, event);
    };
    await within(PATIENCE_MS, what, wait());
  };
  const allReady = (): boolean => clients.every(({ isReady }) => isReady);
  try {
    while (clients.length < clientCount) {
      for (let count = Math.min(AT_ONCE, clientCount - clients.length); count > 0; count -= 1) {
        const url = `ws://127.0.0.1:${nginx.port}/ws`;
        const notify = (event: string) => () => void change.emit(event);
        clients.push(new DeployClient(`u${clients.length}`, url, notify('state'), notify('event')));
      }
      await until('the clients to subscribe', allReady);
    }
    publisher.start();
    const drained: Drained[] = [];
    for (const [index, instance] of instances.entries()) {
      const before = performance.now();
      const { pid } = instance.process;
      instance.process.kill('SIGTERM');
      await within(PATIENCE_MS, `the end of the process ${pid}`, instance.process.exited);
      const endedAfterMs = performance.now() - before;
      await until('all clients to be back', allReady);
      const dark = clients.flatMap((client) => client.dark.filter(({ at }) => at > before).map(({ ms }) => ms));
      drained.push({ moved: dark.length, endedAfterMs, darkMs: ascending(dark) });
      instances[index] = await start(ports[index]!);
    }
    const published = await publisher.stop();
    await until('the last event', () => clients.every(({ received }) => received.at(-1) === published - 1), 'event');
    const all = Array.from({ length: published }, (_, number) => number).join();
    return {
      ...{ drained, published },
      incomplete: clients.filter(({ received }) => received.join() !== all).length,
      resets: clients.reduce((sum, { resets }) => sum + resets, 0),
      latestMs: ascending(clients.map(({ latestMs }) => latestMs)),
    };
  } finally {
    await publisher.stop();
    for (const client of clients) client.close();
    await nginx.stop();
    await Promise.all(instances.map(({ process }) => process.stop('SIGKILL')));
    await redis.stop();
  }
}

/** A service that publishes over HTTP through the load balancer, and retries after a 503. */
class Publisher {
  private running: Promise<void> | null = null;
  private stopped = false;
  private published = 0;

  constructor(private readonly url: string) {}

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
      const body = JSON.stringify({ channel: CHANNEL, data: { message: String(this.published) } });
      const response = await fetch(`${this.url}/realtime/events`, { method: 'POST', headers, body });
      await response.text();
      if (response.status === 201) this.published += 1;
      else if (response.status !== 503) throw new Error(`POST /realtime/events answered ${response.status}`);
      await delay(PUBLISH_MS);
    }
  }
}

function ascending(numbers: readonly number[]): number[] {
  return numbers.toSorted((a, b) => a - b);
}
