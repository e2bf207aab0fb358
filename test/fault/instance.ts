import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { freePort } from '../support/ports.js';
import { Child } from '../support/child.js';
import { TEST_SECRET } from '../support/jwt.js';
import { within } from '../support/within.js';

/** API key of the emitters. */
export const API_KEY = 'the key that the emitters of the fault suite use';

/** A process with the built module, which can be killed and restarted on its port. */
export class Instance {
  /** True while it runs and accepts new connections. */
  up = false;
  private child: Child | null = null;
  private log = '';

  private constructor(
    readonly name: string,
    readonly port: number,
    private readonly dist: string,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  /** @param dist the directory of a `Build` */
  static async create(name: string, dist: string, env: Readonly<Record<string, string>>): Promise<Instance> {
    return new Instance(name, await freePort(), dist, env);
  }

  get httpUrl(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Its output over all restarts. */
  get output(): string {
    return this.log + (this.child?.output ?? '');
  }

  /** Starts the process. Resolves once it is ready. */
  async start(): Promise<void> {
    this.log = this.output;
    this.child = new Child(process.execPath, [join(this.dist, 'application.mjs')], {
      env: {
        PATH: process.env['PATH'],
        NODE_ENV: 'development',
        HOST: '127.0.0.1',
        PORT: String(this.port),
        REALTIME_HANDSHAKES_PER_SECOND_PER_USER: '1000', // after a fault the same users reconnect repeatedly
        JWT_SECRET: TEST_SECRET,
        REALTIME_PUBLISH_API_KEYS: API_KEY,
        REALTIME_DRAIN_DELAY_MS: '0',
        ...this.env,
      },
    });
    const { child } = this;
    const over = new AbortController();
    const answers = async (): Promise<void> => {
      while (!over.signal.aborted && !(await this.isReady())) await delay(50);
    };
    const ends = async (): Promise<never> => {
      await child.exited;
      throw new Error(`${this.name} ended before it was ready:\n${child.output}`);
    };
    const what = (): string => `${this.name} to be ready; it said:\n${child.output}`;
    try {
      await within(180_000, what, Promise.race([answers(), ends()]));
      this.up = true;
    } finally {
      over.abort();
    }
  }

  async kill(): Promise<void> {
    this.up = false;
    await this.child?.stop('SIGKILL');
  }

  freeze(): void {
    this.up = false;
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
    this.up = true;
  }

  /** Stops it like an operator. @returns true if it ended gracefully */
  async stop(): Promise<boolean> {
    this.up = false;
    try {
      const exit = await this.child?.stop('SIGTERM', 30_000);
      return exit === undefined || exit.code === 0 || exit.signal === 'SIGTERM';
    } finally {
      await this.child?.stop('SIGKILL');
    }
  }

  private async isReady(): Promise<boolean> {
    try {
      const response = await fetch(`${this.httpUrl}/health/ready`, { signal: AbortSignal.timeout(2000) });
      await response.arrayBuffer();
      return response.status === 200;
    } catch {
      return false;
    }
  }
}
