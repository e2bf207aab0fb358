import { createAttempts } from '../../src/client/attempts.js';
import { resolveOptions } from '../../src/client/options.js';
import { microseconds, sleep } from '../clock.js';
import { Client, type ConnectOptions } from './client.js';

/** The client library gives up an attempt after this time, in milliseconds. */
const ATTEMPT_MS = 10_000;

const OPTIONS = resolveOptions({
  url: 'ws://127.0.0.1',
  WebSocket: class {} as never,
});

/** Results of all clients since the server was killed. */
export interface Returns {
  /** Times at which the first and the last client was subscribed again, in microseconds of the shared clock. */
  readonly first: number;
  readonly last: number;
  /** Refused connections, without a server on the port. */
  readonly unreachable: number;
  /** Upgrades that the server answered with an error. */
  readonly refused: number;
  /** Attempts without an answer within the client's time limit. */
  readonly timedOut: number;
}

/** Clients that reconnect as the client library in a browser does: with its backoff, and without seeing `Retry-After`. */
export class Crowd {
  /** Clients that subscribed since the last reset. */
  private back = 0;
  private ended = false;
  private notify: (() => void) | null = null;
  private counts = {
    first: Infinity,
    last: 0,
    unreachable: 0,
    refused: 0,
    timedOut: 0,
  };

  /** @param fills the texts of each client */
  constructor(
    private readonly connectOptions: ConnectOptions,
    private readonly fills: readonly ((text: string) => string)[],
  ) {}

  /** Connects all clients, a hundred at a time. */
  async gather(): Promise<void> {
    for (let begun = 0; begun < this.fills.length; begun += 100) {
      for (const fill of this.fills.slice(begun, begun + 100)) void this.live(fill);
      await this.until(Math.min(begun + 100, this.fills.length));
    }
  }

  /** Counts from zero. Call it before the server is killed. */
  reset(): void {
    this.back = 0;
    this.counts = {
      first: Infinity,
      last: 0,
      unreachable: 0,
      refused: 0,
      timedOut: 0,
    };
  }

  /** Resolves once all clients are subscribed again. */
  async returned(): Promise<Returns> {
    await this.until(this.fills.length);
    return this.counts;
  }

  close(): void {
    this.ended = true;
  }

  private async until(count: number): Promise<void> {
    while (this.back < count) await new Promise<void>((resolve) => (this.notify = resolve));
  }

  private async live(fill: (text: string) => string): Promise<void> {
    const attempts = createAttempts(OPTIONS, () => undefined);
    while (!this.ended) {
      const cause = await this.connection(fill, () => attempts.ready(true));
      const end = { cause } as const;
      attempts.ended(end);
      await sleep(attempts.retryInMs(end, ''));
    }
  }

  /** One connection until its end. */
  private async connection(fill: (text: string) => string, ready: () => void): Promise<'lost' | 'unreachable'> {
    const client = new Client(this.connectOptions, fill, () => undefined);
    const closed = new Promise<void>((resolve) => (client.onClose = resolve));
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      client.destroy();
    }, ATTEMPT_MS);
    try {
      await client.ready;
    } catch (error) {
      if (late) this.counts.timedOut += 1;
      else if ((error as Error).message.startsWith('HTTP/')) this.counts.refused += 1;
      else this.counts.unreachable += 1;
      client.destroy();
      return 'unreachable';
    } finally {
      clearTimeout(timer);
    }
    ready();
    this.back += 1;
    this.counts.last = microseconds();
    this.counts.first = Math.min(this.counts.first, this.counts.last);
    this.notify?.();
    await closed;
    return 'lost';
  }
}
