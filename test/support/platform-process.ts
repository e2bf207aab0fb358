import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Child, type Exit } from './child.js';
import { freePort } from './ports.js';
import { makeTemporaryDirectory, removeDirectory } from './temporary-directory.js';
import { within } from './within.js';

const MAIN = resolve('dist/main.js');

/**
 * Most of a start is V8 compiling Postgres from WebAssembly twice: quickly, and then well. Tests run too little SQL to gain from
 * the second compilation, which costs 2 of 8 seconds of CPU.
 */
const COMPILE_ONCE = '--liftoff-only';

export interface PlatformOptions {
  /** The binary of Node; the one that runs the tests unless given. */
  readonly node?: string;
  /** Variables beside, or instead of, those that every test gets; `undefined` takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** How long it may take until it is ready. */
  readonly readyWithinMs?: number;
  /** What `GET /health/ready` answers once it serves: 503 where it cannot be ready yet. */
  readonly readyCode?: 200 | 503;
}

/** The built platform as a process of its own: on free ports, with a database in memory and a data directory that goes with it. */
export class PlatformProcess {
  private constructor(
    private readonly child: Child,
    private readonly dataDir: string,
    readonly port: number,
    readonly tlsPort: number,
  ) {}

  /** Resolves once `GET /health/ready` answers 200; rejects, with its output, when it ends before that. */
  static async start(options: PlatformOptions = {}): Promise<PlatformProcess> {
    if (!existsSync(MAIN)) throw new Error('There is no dist/main.js: run "npm run build" first');
    const dataDir = await makeTemporaryDirectory();
    const env: NodeJS.ProcessEnv = {
      PATH: process.env['PATH'],
      NODE_ENV: 'development',
      PORT: String(await freePort()),
      TLS_PORT: String(await freePort()),
      DATABASE_URL: 'memory:',
      DATA_DIR: dataDir,
      SIGN_INS_PER_MINUTE: '1000', // tests sign in by the dozen
      REALTIME_MAX_EVENT_LOOP_DELAY_MS: '60000', // a machine that is busy with other tests turns nobody away
      REALTIME_HANDSHAKES_PER_SECOND_PER_USER: '1000', // one user opens many connections in a test
      ...options.env,
    };
    const child = new Child(options.node ?? process.execPath, [COMPILE_ONCE, '--enable-source-maps', MAIN], { env });
    const platform = new PlatformProcess(child, dataDir, Number(env['PORT']), Number(env['TLS_PORT']));
    try {
      await platform.ready(options.readyWithinMs ?? 90_000, options.readyCode ?? 200);
    } catch (error) {
      await platform.stop('SIGKILL');
      throw error;
    }
    return platform;
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** `http://localhost:…` */
  get url(): string {
    return `http://localhost:${this.port}`;
  }

  /** `ws://localhost:…/ws` */
  get wsUrl(): string {
    return `ws://localhost:${this.port}/ws`;
  }

  /** `https://localhost:…`; only where `TLS_PORT` is not 0. */
  get tlsUrl(): string {
    return `https://localhost:${this.tlsPort}`;
  }

  /** `wss://localhost:…/ws`; only where `TLS_PORT` is not 0. */
  get wssUrl(): string {
    return `wss://localhost:${this.tlsPort}/ws`;
  }

  get stdout(): string {
    return this.child.stdout;
  }

  get stderr(): string {
    return this.child.stderr;
  }

  /** Resolves when the process is gone, whoever ended it. */
  get exited(): Promise<Exit> {
    return this.child.exited;
  }

  /** Sends a signal without waiting for what follows. */
  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Resolves once it wrote the text to either output. */
  said(text: string | RegExp): Promise<void> {
    return this.child.said(text);
  }

  /** Ends it and removes its data. @returns its exit code, or `null` when the signal itself ended it */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    try {
      const { code } = await this.child.stop(signal);
      return code;
    } catch (error) {
      await this.child.stop('SIGKILL');
      throw error;
    } finally {
      await removeDirectory(this.dataDir);
    }
  }

  private async ready(milliseconds: number, expected: number): Promise<void> {
    const over = new AbortController();
    const answers = async (): Promise<void> => {
      // Nothing tells from outside when a port opens.
      while (!over.signal.aborted && (await readiness(this.url)) !== expected) await delay(50);
    };
    const ends = async (): Promise<never> => {
      const { code, signal } = await this.exited;
      throw new Error(`The platform ended (${signal ?? `code ${code}`}) before it was ready:\n${this.child.output}`);
    };
    const what = (): string => `the platform to be ready; it said:\n${this.child.output}`;
    try {
      await within(milliseconds, what, Promise.race([answers(), ends()]));
    } finally {
      over.abort();
    }
  }
}

async function readiness(url: string): Promise<number | null> {
  try {
    const response = await fetch(`${url}/health/ready`);
    await response.arrayBuffer();
    return response.status;
  } catch {
    return null; // it does not listen yet
  }
}
