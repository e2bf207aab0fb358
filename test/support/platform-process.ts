import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Child, type Exit } from './child.js';
import { freePort } from './ports.js';
import { makeTemporaryDirectory, removeDirectory } from './temporary-directory.js';
import { within } from './within.js';

const MAIN = resolve('dist/main.js');

/**
 * Most of the startup time is V8 compiling the WebAssembly of Postgres twice: quickly, then optimized. Tests run too
 * little SQL to gain from the second compilation, which costs 2 of 8 seconds of CPU.
 */
const COMPILE_ONCE = '--liftoff-only';

export interface PlatformOptions {
  /** Node binary. @default the one that runs the tests */
  readonly node?: string;
  /** Environment variables, in addition to the defaults of all tests; `undefined` removes one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Timeout for readiness, in milliseconds. */
  readonly readyWithinMs?: number;
  /** Expected status of `GET /health/ready`: 503 if the platform cannot become ready in this test. */
  readonly readyCode?: 200 | 503;
}

/** The built platform in a child process: on free ports, with a database in memory and a temporary data directory. */
export class PlatformProcess {
  private constructor(
    private readonly child: Child,
    private readonly dataDir: string,
    readonly port: number,
    readonly tlsPort: number,
  ) {}

  /** Resolves once `GET /health/ready` responds with 200. Rejects with the output if the platform ends before that. */
  static async start(options: PlatformOptions = {}): Promise<PlatformProcess> {
    if (!existsSync(MAIN)) throw new Error('dist/main.js is missing: run "npm run build" first');
    const dataDir = await makeTemporaryDirectory();
    const env: NodeJS.ProcessEnv = {
      PATH: process.env['PATH'],
      NODE_ENV: 'development',
      PORT: String(await freePort()),
      TLS_PORT: String(await freePort()),
      DATABASE_URL: 'memory:',
      DATA_DIR: dataDir,
      SIGN_INS_PER_MINUTE: '1000', // tests sign in often
      REALTIME_MAX_EVENT_LOOP_DELAY_MS: '60000', // accept clients on a busy machine too
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

  /** `https://localhost:…`; invalid if `TLS_PORT` is 0. */
  get tlsUrl(): string {
    return `https://localhost:${this.tlsPort}`;
  }

  /** `wss://localhost:…/ws`; invalid if `TLS_PORT` is 0. */
  get wssUrl(): string {
    return `wss://localhost:${this.tlsPort}/ws`;
  }

  get stdout(): string {
    return this.child.stdout;
  }

  get stderr(): string {
    return this.child.stderr;
  }

  /** Resolves when the process has ended for any reason. */
  get exited(): Promise<Exit> {
    return this.child.exited;
  }

  /** Sends a signal without waiting for the exit. */
  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Resolves once the output contains the text. */
  said(text: string | RegExp): Promise<void> {
    return this.child.said(text);
  }

  /** Stops the platform and removes its data. @returns its exit code, or `null` if the signal killed it */
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
      // Polls, because nothing reports when a port opens.
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
