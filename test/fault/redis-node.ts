import { readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Child } from '../support/child.js';
import { redisServer } from '../support/redis-process.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { within } from '../support/within.js';
import { lastingPort } from './lasting-port.js';
import { SmallDisk } from './small-disk.js';

export interface RedisNodeOptions {
  /** Lines of its configuration file, beyond port and directory. */
  readonly config?: readonly string[];
  /** Runs it as a Sentinel. */
  readonly sentinel?: boolean;
  /** Further variables of its process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Bytes of a disk for its data alone, which can be full. */
  readonly diskBytes?: number;
}

/**
 * A Redis server (or Sentinel) with a configuration file, which Sentinel and REPLICAOF need, on a port that stays its own
 * while it is dead.
 */
export class RedisNode {
  private child: Child;

  private constructor(
    private readonly spawn: () => Child,
    private readonly directory: string,
    readonly port: number,
    /** Its disk, if it is one that can be full. */
    readonly disk: SmallDisk | null,
  ) {
    this.child = spawn();
  }

  static async start({ config = [], sentinel = false, env, diskBytes }: RedisNodeOptions = {}): Promise<RedisNode> {
    const port = await lastingPort();
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

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    await this.child.stop('SIGKILL');
  }

  /** Resolves when it ended by itself. */
  async ended(): Promise<void> {
    await this.child.exited;
  }

  /** Brings it back on the same port with the data that it kept. */
  async restart(): Promise<void> {
    await this.kill();
    this.child = this.spawn();
    await this.ready();
  }

  /** Brings it back with nothing. */
  async restartEmpty(): Promise<void> {
    await this.kill();
    await rm(join(this.directory, 'appendonlydir'), { recursive: true, force: true });
    await rm(join(this.directory, 'dump.rdb'), { force: true });
    await this.restart();
  }

  /** The append-only file and its size now: with `appendfsync always` it holds everything that Redis has answered. */
  async appendOnlyFile(): Promise<{ readonly path: string; readonly bytes: number }> {
    const directory = join(this.directory, 'appendonlydir');
    const name = (await readdir(directory))
      .filter((file) => file.endsWith('.incr.aof'))
      .toSorted()
      .at(-1)!;
    const path = join(directory, name);
    return { path, bytes: (await stat(path)).size };
  }

  /** Kills Redis and brings it back with the first bytes of its append-only file. */
  async restartTruncated({ path, bytes }: { readonly path: string; readonly bytes: number }): Promise<void> {
    await this.kill();
    await truncate(path, bytes);
    await this.restart();
  }

  /** Carries out one command, over a connection of its own. */
  async command(name: string, ...args: readonly (string | number)[]): Promise<unknown> {
    const client = new Redis(this.port, '127.0.0.1', {
      lazyConnect: true,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
      connectTimeout: 2000,
      commandTimeout: 5000,
    });
    client.on('error', () => undefined); // the command rejects, and says what was wrong
    try {
      await client.connect();
      return await client.call(name, ...args);
    } finally {
      client.disconnect();
    }
  }

  /** Waits until `INFO` says something. */
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

  /** Ends it for good and removes its data. */
  async stop(): Promise<void> {
    await this.kill();
    this.disk?.unmount();
    await removeDirectory(this.directory);
  }

  private async ready(): Promise<void> {
    // A server that loads its data answers -LOADING until it is done.
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
