import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RedisLine } from '../../fault/redis-line.js';
import { withDefaults } from '../../realtime/support/realtime-app.js';
import { Child } from '../../support/child.js';
import { Random } from '../../support/random.js';
import { checkStreams, type StreamViolation } from './check.js';
import { ManyReader } from './reader.js';

const LEASE_MS = 1_500;
const LARGE = 1_000_000_000;
/** Time within which the readers of a killed writer's streams must see its end, and all streams must be done, in milliseconds. */
const ORPHAN_MS = 60_000;
const DONE_MS = 120_000;
const ALPHABET = Array.from('abcdefghij klmnop qrstuv wxyz \n"\\äöüß世界😀');

export interface StreamRun {
  readonly seed: number | string;
  readonly streams: number;
  /** Number of kills of an instance that writes. */
  readonly kills: number;
  /** Number of times that a replica of Redis, which lacks the last writes, is promoted. */
  readonly promotions: number;
  /** @default 4000 */
  readonly bytes?: number;
  /** Mean pause between two writes of a stream, in milliseconds. @default 20 */
  readonly pauseMs?: number;
  /** Name of a fault in the module: see serve.mjs. */
  readonly mutant?: string;
}

export interface StreamRunResult {
  readonly violations: readonly StreamViolation[];
  /** Times that a text began anew for a reader. */
  readonly beginnings: number;
  readonly parts: number;
  readonly bytes: number;
}

/** An instance, which is killed and started again. */
class Place {
  private child: Child | null = null;

  constructor(private readonly settings: string) {}

  get port(): number {
    return Number(/listening on (\d+)/.exec(this.child!.stdout)![1]);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/ws`;
  }

  async start(): Promise<void> {
    const child = new Child(process.execPath, [resolve('test/streams/kills/serve.mjs'), this.settings]);
    await child.said(/listening on \d+\n/, 60_000);
    this.child = child;
  }

  async write(texts: Iterable<readonly [string, string]>): Promise<void> {
    const body = JSON.stringify([...texts].map(([channel, text]) => ({ channel, text })));
    await fetch(`http://127.0.0.1:${this.port}/write`, { method: 'POST', body });
  }

  async kill(): Promise<void> {
    await this.child?.stop('SIGKILL');
  }
}

/** Writes streams on instances that are killed, over a Redis that loses writes, and checks what clients of another instance read. */
export async function runStreams(run: StreamRun): Promise<StreamRunResult> {
  const { seed, streams, kills, promotions, bytes = 4_000, pauseMs = 20, mutant } = run;
  const random = new Random(`streams ${seed}`);
  const texts = new Map(Array.from({ length: streams }, (_, index) => [`logs:${index}`, textOf(random, bytes)]));
  const line = await RedisLine.open(random);
  const settings = settingsOf(line.url, 2 * pauseMs, mutant);
  const places = [new Place(settings), new Place(settings)] as const;
  const readers: ManyReader[] = [];
  try {
    await Promise.all(places.map((place) => place.start()));
    const [reading, writing] = places;
    const channels = [...texts.keys()];
    for (let at = 0; at < channels.length; at += 100) {
      readers.push(new ManyReader(channels.slice(at, at + 100), () => reading.url));
    }
    const seen = () => readers.flatMap((reader) => [...reader.streams]);
    const left = () => seen().filter(([, { state }]) => state !== 'done');
    await writing.write(texts);
    const orphans: { channel: string; state: string }[] = [];
    const promoting = (async () => {
      for (let promotion = 0; promotion < promotions; promotion += 1) {
        await written(seen, (promotion + 0.5) / promotions / 2, streams * bytes);
        await line.promote();
      }
    })();
    for (let kill = 0; kill < kills; kill += 1) {
      await written(seen, (kill + 1) / (kills + 2), streams * bytes);
      const open = new Set(left().map(([channel]) => channel));
      await writing.kill();
      await within(ORPHAN_MS, () => seen().every(([channel, { state }]) => !open.has(channel) || state !== 'open'));
      for (const [channel, { state }] of seen()) if (open.has(channel)) orphans.push({ channel, state });
      await writing.start();
      await writing.write([...texts].filter(([channel]) => open.has(channel)));
    }
    await promoting;
    await within(DONE_MS, () => left().length === 0);
    const received = seen().map(([channel, { text, state, problems, missing, beginnings, parts }]) => ({
      ...{ channel, text, state, problems, missing, beginnings, parts },
    }));
    return {
      violations: checkStreams(texts, received, orphans),
      beginnings: received.reduce((sum, { beginnings }) => sum + beginnings - 1, 0),
      parts: received.reduce((sum, { parts }) => sum + parts, 0),
      bytes: streams * bytes,
    };
  } finally {
    for (const reader of readers) reader.close();
    await Promise.all(places.map((place) => place.kill()));
    await line.close();
  }
}

/** Resolves once readers have this share of all bytes, or the time is over. */
async function written(
  seen: () => readonly (readonly [string, { readonly next: number }])[],
  share: number,
  bytes: number,
): Promise<void> {
  await within(DONE_MS, () => seen().reduce((sum, [, { next }]) => sum + next, 0) >= share * bytes);
}

/** Waits for a condition. What does not come true is a violation, which the check names. */
async function within(ms: number, holds: () => boolean): Promise<void> {
  const end = performance.now() + ms;
  while (!holds() && performance.now() < end) await delay(20);
}

function textOf(random: Random, bytes: number): string {
  let text = '';
  while (text.length < bytes) text += random.pick(ALPHABET);
  return text;
}

function settingsOf(redisUrl: string, pauseMs: number, mutant: string | undefined): string {
  const dist = resolve(process.env['TEST_DIST'] ?? 'dist');
  if (!existsSync(dist)) throw new Error('dist is missing: run "npm run build" first');
  const options = withDefaults({
    channels: [{ name: 'logs:{id}', access: 'public', stream: true }],
    streams: { leaseMs: LEASE_MS },
    ...{ framesPerSecond: 100_000, requestBytesPerSecond: LARGE, requestBytesPerSecondOfUser: LARGE },
    ...{ requestBytesPerSecondOfAddress: LARGE, handshakesPerSecondPerUser: 100_000, handshakesPerSecond: 100_000 },
    ...{ maxSubscriptionsPerConnection: 1_000, redis: { url: redisUrl } },
  });
  return JSON.stringify({ dist, options, mutant, pauseMs });
}
