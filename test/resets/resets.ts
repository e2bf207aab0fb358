import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect as connectTcp, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { WebSocket } from 'ws';
import { makeCertificate } from '../support/certificate.js';
import { Random } from '../support/random.js';
import { upgradeRequest } from '../support/tcp.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';

/** A way to reach the platform. */
export const WAYS = ['tcp', 'tls', 'unix'] as const;
type Way = (typeof WAYS)[number];

/** Number of concurrent connections. */
const AT_ONCE = 50;
/** Maximum time between connecting and the reset, in milliseconds. */
const LATEST_RESET_MS = 8;
/** Time limit for the servers to detect the end of the last connections, in milliseconds. */
const GONE_WITHIN_MS = 10_000;

export interface ResetsResult {
  readonly resets: Readonly<Record<Way, number>>;
  /** Number of `ping` frames that the healthy clients sent, and of `pong` frames that they received. */
  readonly pings: number;
  readonly pongs: number;
  /** Number of open connections at the end, without those of the healthy clients. */
  readonly left: Readonly<Record<Way, number>>;
  /** Standard error of the platform. */
  readonly errors: string;
}

/**
 * Starts the platform behind trusted proxies, on TCP, TLS and a Unix socket, and resets connections at random times during
 * the handshake, while a healthy client on each way keeps sending `ping`.
 * @throws when the process ends
 */
export async function resets(connections: number, seed: number): Promise<ResetsResult> {
  const directory = await makeTemporaryDirectory();
  const platform = await Platform.start(directory);
  try {
    const healthy = await Promise.all(WAYS.map((way) => Healthy.connect(platform, way)));
    const { next } = new Random(seed);
    const done: Record<Way, number> = { tcp: 0, tls: 0, unix: 0 };
    let begun = 0;
    const worker = async (): Promise<void> => {
      while (begun < connections) {
        const way = WAYS[begun % WAYS.length]!;
        begun += 1;
        await resetOne(platform, way, next);
        done[way] += 1;
        if (begun % AT_ONCE === 0) for (const client of healthy) client.ping();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await until(() => healthy.every(({ pings, pongs }) => pings === pongs));
    const left = await platform.leftOpen();
    const sum = (count: (client: Healthy) => number): number =>
      healthy.reduce((total, client) => total + count(client), 0);
    const result = { resets: done, left, pings: sum(({ pings }) => pings), pongs: sum(({ pongs }) => pongs) };
    await Promise.all(healthy.map((client) => client.close()));
    return { ...result, errors: platform.errors };
  } finally {
    await platform.stop();
    await removeDirectory(directory);
  }
}

/** Opens a connection that sends part of a handshake, and is reset at a random time. */
async function resetOne(platform: Platform, way: Way, next: () => number): Promise<void> {
  const raw = platform.connect(way);
  raw.on('error', () => undefined);
  const closed = new Promise<void>((end) => void raw.once('close', () => end()));
  const socket = way === 'tls' ? connectTls({ socket: raw, rejectUnauthorized: false }) : raw;
  socket.on('error', () => undefined);
  const request = upgradeRequest({ headers: { 'X-Forwarded-For': `198.51.100.${Math.floor(next() * 250)}` } });
  // Half of them send a complete request, the others an incomplete one.
  socket.write(next() < 0.5 ? request : request.slice(0, Math.floor(next() * request.length)));
  const afterMs = next() * LATEST_RESET_MS;
  // At once, in the turn of the connect, or later.
  if (afterMs < 1) raw.once('connect', () => reset(raw));
  else setTimeout(() => reset(raw), afterMs);
  await closed;
}

/** Unix sockets have no reset, so it is closed at once. */
function reset(socket: Socket): void {
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}

class Platform {
  errors = '';
  private exit: string | null = null;

  private constructor(
    private readonly child: ChildProcess,
    private readonly unix: string,
    private readonly ports: { readonly tcp: number; readonly tls: number },
  ) {
    child.once('exit', (code, signal) => (this.exit = `The platform ended with ${code ?? signal}: ${this.errors}`));
  }

  static async start(directory: string): Promise<Platform> {
    const [cert, key, unix] = ['cert.pem', 'key.pem', 'platform.sock'].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ];
    const made = await makeCertificate();
    await Promise.all([writeFile(cert, made.cert), writeFile(key, made.key)]);
    const env = {
      ...{ PATH: process.env['PATH'], NODE_ENV: 'development', DATABASE_URL: 'memory:', DATA_DIR: directory },
      ...{ REALTIME_TRUSTED_PROXIES: 'loopback', REALTIME_MAX_EVENT_LOOP_DELAY_MS: '60000' },
      ...{ REALTIME_HANDSHAKES_PER_SECOND: '1000000' },
    };
    const child = fork(resolve('test/resets/serve.mjs'), [cert, key, unix], {
      env,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let errors = '';
    child.stderr!.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const ended = once(child, 'exit').then(() => {
      throw new Error(`The platform did not start: ${errors}`);
    });
    const [ports] = (await Promise.race([once(child, 'message'), ended])) as [{ tcp: number; tls: number }];
    ended.catch(() => undefined);
    const platform = new Platform(child, unix, ports);
    child.stderr!.on('data', (chunk: Buffer) => (platform.errors += chunk.toString()));
    return platform;
  }

  /** @throws when the process has ended */
  connect(way: Way): Socket {
    if (this.exit !== null) throw new Error(this.exit);
    return way === 'unix' ? connectTcp(this.unix) : connectTcp(this.ports[way], '127.0.0.1');
  }

  url(way: Way): string {
    if (way === 'unix') return `ws+unix://${this.unix}:/ws`;
    return `${way === 'tls' ? 'wss' : 'ws'}://127.0.0.1:${this.ports[way]}/ws`;
  }

  /** Resolves with 0 once only the healthy client is connected, or with the number of other connections after the time limit. */
  async leftOpen(): Promise<Record<Way, number>> {
    const giveUpAt = performance.now() + GONE_WITHIN_MS;
    for (;;) {
      if (this.exit !== null) throw new Error(this.exit);
      const answer = once(this.child, 'message') as Promise<[{ open: Record<Way, number> }]>;
      this.child.send('count');
      const [{ open }] = await answer;
      for (const way of WAYS) open[way] -= 1;
      if (WAYS.every((way) => open[way] === 0) || performance.now() > giveUpAt) return open;
      await delay(20);
    }
  }

  async stop(): Promise<void> {
    if (this.exit !== null) return;
    const exit = once(this.child, 'exit');
    this.child.disconnect();
    await exit;
  }
}

/** A client that keeps its connection and sends pings. */
class Healthy {
  pings = 0;
  pongs = 0;

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      if (data.toString().includes('"pong"')) this.pongs += 1;
    });
  }

  static async connect(platform: Platform, way: Way): Promise<Healthy> {
    const socket = new WebSocket(platform.url(way), { rejectUnauthorized: false });
    await once(socket, 'open');
    return new Healthy(socket);
  }

  ping(): void {
    this.pings += 1;
    this.socket.send('{"type":"ping"}');
  }

  async close(): Promise<void> {
    const closed = once(this.socket, 'close');
    this.socket.close();
    await closed;
  }
}
