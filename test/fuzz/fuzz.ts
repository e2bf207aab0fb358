import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { secondsFromNow, signToken, TEST_SECRET } from '../support/jwt.js';
import { PlatformProcess } from '../support/platform-process.js';
import { Random } from '../support/random.js';
import { connect } from '../support/ws-client.js';
import { INTERNAL } from './answers.js';
import { SECRETS, SESSIONS } from './sessions.js';

export interface FuzzOptions {
  readonly seconds: number;
  /** Seed of the run. Session N of a seed is always the same. */
  readonly seed: string;
  /** Runs only this session, once. */
  readonly only?: number;
  /** Called with the progress, every ten seconds. */
  readonly onProgress?: (line: string) => void;
}

export interface FuzzResult {
  /** Number of sessions by kind. */
  readonly sessions: Readonly<Record<string, number>>;
  /** Problems, each with the number of its session. */
  readonly problems: readonly string[];
  /** Round-trip times of the healthy client's pings, in milliseconds. */
  readonly pings: { readonly count: number; readonly p99: number; readonly max: number };
  /** Memory of the server: after the first second, and at the end. */
  readonly rssMb: { readonly before: number; readonly after: number };
}

/** Hostile sessions that run at the same time. */
const AT_ONCE = 8;
/** Allowed growth of the server, in MB: garbage is collected late, and a leak would grow far more in an hour. */
const MAX_GROWTH_MB = 300;
/** Time that the healthy client waits for its pong, in milliseconds: a busy machine is not a fault of the server. */
const PING_PATIENCE_MS = 5_000;

/** Sends random input from a seed to the built platform, in a separate process. Returns the problems found. */
export async function fuzz({ seconds, seed, only, onProgress }: FuzzOptions): Promise<FuzzResult> {
  const platform = await PlatformProcess.start({
    env: {
      JWT_SECRET: TEST_SECRET,
      TLS_PORT: '0',
      LOG_LEVEL: 'verbose',
      REALTIME_MAX_CONNECTIONS_PER_USER: '1000',
      // All sessions come from one address: a fast machine would exceed the limits of handshakes.
      REALTIME_HANDSHAKES_PER_SECOND: '10000',
      REALTIME_HANDSHAKES_PER_SECOND_PER_USER: '10000',
      REALTIME_MAX_CONNECTIONS_PER_ADDRESS: '10000',
    },
  });
  const sessions: Record<string, number> = {};
  const problems: string[] = [];
  const pings: number[] = [];
  const report = (problem: string): void => {
    problems.push(problem);
    onProgress?.(problem);
  };
  const until = performance.now() + seconds * 1000;
  const isOver = (): boolean => performance.now() >= until || problems.length >= 20;
  let next = 0;

  const runOne = async (number: number): Promise<void> => {
    const random = new Random(`${seed}/${number}`);
    const [name, run] = random.pick(SESSIONS);
    sessions[name] = (sessions[name] ?? 0) + 1;
    const found = await run(platform.port, random).catch((error: Error) => [error.message.slice(0, 1_000)]);
    for (const problem of found) report(`session ${number} (${name}): ${problem}`);
  };
  const keepRunning = async (): Promise<void> => {
    while (!isOver()) await runOne((next += 1));
  };
  const healthy = async (): Promise<void> => {
    const client = await connect(platform.wsUrl, {
      token: signToken({ sub: 'healthy', exp: secondsFromNow(7 * 86_400) }),
    });
    await client.next('connected');
    while (!isOver()) {
      const since = performance.now();
      await client.fence();
      pings.push(performance.now() - since);
      if (pings.at(-1)! > PING_PATIENCE_MS) report(`a healthy client's ping took ${pings.at(-1)} ms`);
      await delay(50);
    }
    await client.close();
  };
  const progress = async (): Promise<void> => {
    for (let at = performance.now(); !isOver(); await delay(100)) {
      if (performance.now() - at < 10_000) continue;
      at = performance.now();
      onProgress?.(
        `${next} sessions, ${pings.length} pings, ${await rssMb(platform.pid!)} MB, ${problems.length} problems`,
      );
    }
  };

  try {
    if (only !== undefined) {
      await runOne(only);
      return { sessions, problems, pings: figures(pings), rssMb: { before: 0, after: await rssMb(platform.pid!) } };
    }
    const running = [healthy(), progress(), ...Array.from({ length: AT_ONCE }, keepRunning)];
    await delay(Math.min(1_000, seconds * 200));
    const before = await rssMb(platform.pid!);
    // A failed session does not end the others, whose results count too.
    for (const outcome of await Promise.allSettled(running)) {
      if (outcome.status === 'rejected')
        problems.push(`the healthy client failed: ${String(outcome.reason).slice(0, 500)}`);
    }
    const after = await rssMb(platform.pid!);
    if (after - before > MAX_GROWTH_MB) problems.push(`the server grew from ${before} to ${after} MB`);
    problems.push(...(await lastWords(platform)));
    return { sessions, problems, pings: figures(pings), rssMb: { before, after } };
  } finally {
    await platform.stop('SIGKILL');
  }
}

/** Checks that the platform runs, serves and has logged no secret. */
async function lastWords(platform: PlatformProcess): Promise<string[]> {
  const problems: string[] = [];
  const status = await fetch(`${platform.url}/health/ready`).then(({ status: code }) => code, String);
  if (status !== 200) problems.push(`the server is not ready any more: ${status}`);
  const said = platform.stdout + platform.stderr;
  if (SECRETS.some((token) => said.includes(token))) problems.push('a token stands in the log');
  const failures = said.split('\n').filter((line) => /\bERROR\b/.test(line) || INTERNAL.test(line));
  problems.push(...failures.slice(0, 5).map((line) => `the server logged: ${line}`));
  return problems;
}

async function rssMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024);
}

function figures(times: readonly number[]): FuzzResult['pings'] {
  const sorted = times.toSorted((a, b) => a - b);
  const p99 = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0;
  return { count: sorted.length, p99: Math.round(p99), max: Math.round(sorted.at(-1) ?? 0) };
}
