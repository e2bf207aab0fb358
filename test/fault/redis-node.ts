import { readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from '../support/ports.js';
import { Child } from '../support/child.js';
import { redisServer } from '../support/redis-process.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { within } from '../support/within.js';
import { SmallDisk } from './small-disk.js';

export interface RedisNodeOptions {
  /** Additional lines of its configuration file. */
  readonly config?: readonly string[];
  /** Runs it as a Sentinel. */
  readonly sentinel?: boolean;
  /** Additional environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Size in bytes of a separate disk for its data, which can be filled. */
  readonly diskBytes?: number;
}

/**
 * A Redis server or Sentinel with a configuration file, which Sentinel and REPLICAOF require, on a port that stays
 * reserved while it is down.
 */
export class RedisNode {
  private child: Child;

  private constructor(
    private readonly spawn: () => Child,
    private readonly directory: string,
    readonly port: number,
    /** Its separate disk, if it has one. */
    readonly disk: SmallDisk | null,
  ) {
    this.child = spawn();
  }

  static async start({ config = [], sentinel = false, env, diskBytes }: RedisNodeOptions = {}): Promise<RedisNode> {
    const port = await freePort();
    const directory = await makeTemporaryDirectory();
    const disk = diskBytes === undefined ? null : SmallDisk.mount(directory, diskBytes);
    const file = join(directory, 'redis.conf');
    const common = [`port ${port}`, 'bind 127.0.0.1', `dir ${directory}`];
    const own = sentinel ? [] : ['save ""', 'repl-diskless-sync-delay 0', 'repl-diskless-load swapdb'];
    await writeFile(file, `${[...common, ...own, ...config].join('\n')}\n`);
    const args = sentinel ? [file, '--sentinel'] : [file];
    const spawn = (): Child => new Child(redisServer(), args, { env: { ...process.env, ...env } });
    const node = new RedisNode(spawn, directory, port, disk);
    try {
      await node.ready();
    } catch (error) {
      await node.stop();
      throw error;
    }
    return node;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Kills it like a crash. */
  async kill(): Promise<void> {
    await this.child.stop('SIGKILL');
  }

  /** Resolves when it has ended by itself. */
  async ended(): Promise<void> {
    await this.child.exited;
  }

  /** Restarts it on the same port with its persisted data. */
  async restart(): Promise<void> {
    await this.kill();
    this.child = this.spawn();
    await this.ready();
  }

  /** Restarts it without data. */
  async restartEmpty(): Promise<void> {
    await this.kill();
    await rm(join(this.directory, 'appendonlydir'), { recursive: true, force: true });
    await rm(join(this.directory, 'dump.rdb'), { force: true });
    await this.restart();
  }

  /**
   * Returns the append-only file and its current size. With `appendfsync always` it contains everything that Redis has
   * acknowledged.
   */
  async appendOnlyFile(): Promise<{ readonly path: string; readonly bytes: number }> {
    const directory = join(this.directory, 'appendonlydir');
    const name = (await readdir(directory))
      .filter((file) => file.endsWith('.incr.aof'))
      .toSorted()
      .at(-1)!;
    const path = join(directory, name);
    return { path, bytes: (await stat(path)).size };
  }

  /** Restarts Redis with only the first bytes of its append-only file. */
  async restartTruncated({ path, bytes }: { readonly path: string; readonly bytes: number }): Promise<void> {
    await this.kill();
    await truncate(path, bytes);
    await this.restart();
  }

  /** Runs one command over a separate connection. */
  async command(name: string, ...args: readonly (string | number)[]): Promise<unknown> {
    const client = new Redis(this.port, '127.0.0.1', {
      lazyConnect: true,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
      connectTimeout: 2000,
      commandTimeout: 5000,
    });
    client.on('error', () => undefined); // the command rejects with the error
    try {
      await client.connect();
      return await client.call(name, ...args);
    } finally {
      client.disconnect();
    }
  }

  /** Waits until the output of `INFO` matches. */
  async until(info: RegExp, milliseconds = 15_000): Promise<void> {
    let last = '';
    const watch = async (): Promise<void> => {
      for (;;) {
        last = String(await this.command('INFO').catch((error: Error) => error.message));
        if (info.test(last)) return;
        await delay(25);
      }
    };
    await within(milliseconds, () => `Redis ${this.port} to say ${String(info)}; it says:\n${last}`, watch());
  }

  /** Stops it permanently and removes its data. */
  async stop(): Promise<void> {
    await this.kill();
    this.disk?.unmount();
    await removeDirectory(this.directory);
  }

  private async ready(): Promise<void> {
    // A server replies with -LOADING until it has loaded its data.
    const answers = async (): Promise<void> => {
      while ((await this.command('PING').catch(() => '')) !== 'PONG') await delay(10);
    };
    const ends = async (): Promise<never> => {
      await this.child.exited;
      throw new Error(`redis-server ended before it answered:\n${this.child.output}`);
    };
    await within(20_000, () => `Redis to answer:\n${this.child.output}`, Promise.race([answers(), ends()]));
  }
}
