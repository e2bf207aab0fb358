import { Agent } from 'node:http';
import { microseconds, sleep } from '../clock.js';
import { HS256, tokenOf, type Issuer } from '../tokens.js';
import { answerCalls } from '../worker.js';
import { clientFrame } from './client-frame.js';
import { Client, type ConnectOptions } from './client.js';
import { Latencies } from './latencies.js';
import { postEvent } from './post-event.js';
import { Crowd, type Returns } from './returning.js';

/** Number of connections opened at the same time. */
const AT_ONCE = 100;
/** Requests to publish that are under way at once. */
const POSTS_AT_ONCE = 10;

interface ComeBack {
  readonly connectOptions: ConnectOptions;
  readonly count: number;
  readonly perSecond: number;
}

const clients: Client[] = [];
let sampled: Latencies[] = [];
let received = 0;
let expected: {
  readonly count: number;
  readonly resolve: (at: number) => void;
} | null = null;
let opened = 0;

function onFrames(count: number): void {
  received += count;
  if (expected === null || received < expected.count) return;
  const { resolve } = expected;
  expected = null;
  resolve(microseconds());
}

/** Issuer of the tokens, and the claims that each has in addition. */
let issuer = HS256;
let claims: object = {};

/** Returns the function that fills in the number and the token of the next client. */
function nextFill(): (text: string) => string {
  const number = opened;
  opened += 1;
  let token: string | undefined;
  const numbered = (text: string): string => text.replaceAll('{n}', String(number));
  const sign = (): string => tokenOf(number, issuer, JSON.parse(numbered(JSON.stringify(claims))) as object);
  return (text) => numbered(text).replaceAll('{token}', () => (token ??= sign()));
}

function open(connectOptions: ConnectOptions): Client {
  return new Client(connectOptions, nextFill(), onFrames);
}

let crowd: Crowd | null = null;

/** Runs a number of tasks with limited concurrency. */
async function inTurn(count: number, task: () => Promise<void>): Promise<void> {
  let begun = 0;
  const work = async (): Promise<void> => {
    while (begun < count) {
      begun += 1;
      await task();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

const handlers = {
  /** Signs the tokens of all further clients with this issuer. @param given claims in addition; `{n}` is replaced */
  tokens(given: { issuer: Issuer; claims: object }): void {
    ({ issuer, claims } = given);
  },

  /** Opens connections that are opened again whenever they end. */
  async gather({ connectOptions, count }: { connectOptions: ConnectOptions; count: number }): Promise<void> {
    crowd = new Crowd(connectOptions, Array.from({ length: count }, nextFill));
    await crowd.gather();
  },

  /** Counts the returns from now on. */
  countReturns(): void {
    crowd!.reset();
  },

  /** Resolves once all of them are back. */
  returned(): Promise<Returns> {
    return crowd!.returned();
  },

  /** Opens lasting connections. Resolves when they are ready. */
  async connect({ connectOptions, count }: { connectOptions: ConnectOptions; count: number }): Promise<void> {
    await inTurn(count, async () => {
      const client = open(connectOptions);
      clients.push(client);
      await client.ready;
    });
  },

  /** Opens connections and terminates each as soon as it is ready. */
  async connectAndLeave({ connectOptions, count }: { connectOptions: ConnectOptions; count: number }): Promise<void> {
    await inTurn(count, async () => {
      const client = open(connectOptions);
      await client.ready;
      client.destroy();
    });
  },

  /** Opens connections at a fixed rate. @returns the time until each was ready, in microseconds; it ends then */
  async comeBack({ connectOptions, count, perSecond }: ComeBack): Promise<number[]> {
    const begun = microseconds();
    const one = async (): Promise<number> => {
      const from = microseconds();
      const client = open(connectOptions);
      await client.ready;
      client.destroy();
      return microseconds() - from;
    };
    const times: Promise<number>[] = [];
    while (times.length < count) {
      const due = Math.min(count, Math.ceil(((microseconds() - begun) / 1e6) * perSecond));
      while (times.length < due) times.push(one());
      await sleep(1);
    }
    return Promise.all(times);
  },

  /** Counts from zero. */
  reset(): void {
    received = 0;
  },

  /** Resolves with the time at which this number of data frames have arrived since the count was reset. */
  until({ count }: { count: number }): Promise<number> {
    if (received >= count) return Promise.resolve(microseconds());
    return new Promise((resolve) => (expected = { count, resolve }));
  },

  /** Makes every connection send a text a number of times: separately, or all in one packet. */
  async say({ text, times, together }: { text: string; times: number; together: boolean }): Promise<void> {
    const frame = clientFrame(text);
    const bytes = together ? Buffer.concat(Array.from({ length: times }, () => frame)) : frame;
    for (let time = 0; time < (together ? 1 : times); time += 1) {
      for (const client of clients) client.write(bytes);
      await new Promise(setImmediate);
    }
  },

  /** Starts to record the latencies of every nth connection. */
  sample({ every }: { every: number }): void {
    sampled = [];
    for (const [index, client] of clients.entries()) {
      client.watch = null;
      if (index % every !== 0) continue;
      const latencies = new Latencies();
      sampled.push(latencies);
      client.watch = latencies.take;
    }
  },

  /** Returns the latencies since then, in microseconds, and the number of received frames. */
  samples(): { latencies: number[]; received: number } {
    return { latencies: sampled.flatMap(({ all }) => all), received };
  },

  /** Publishes events over HTTP on connections that stay open, and waits for each acknowledgement. */
  async post({ port, count }: { port: number; count: number }): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: POSTS_AT_ONCE });
    let begun = 0;
    const work = async (): Promise<void> => {
      while (begun < count) {
        begun += 1;
        await postEvent(agent, port);
      }
    };
    await Promise.all(Array.from({ length: POSTS_AT_ONCE }, work));
    agent.destroy();
  },

  disconnect(): void {
    for (const client of clients.splice(0)) client.destroy();
  },
};

export type LoadHandlers = typeof handlers;

answerCalls(handlers);
