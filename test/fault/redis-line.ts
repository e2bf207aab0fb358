import { Redis } from 'ioredis';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../support/ports.js';
import type { Random } from '../support/random.js';
import { RedisProcess } from '../support/redis-process.js';
import { TcpProxy } from './proxy.js';

type Settings = Readonly<Record<string, string>>;

/** Time for which a master accepts writes that its replica lacks, in milliseconds. */
const LOST_WRITES_MS = 40;

/** Redis behind a line, with a replica that takes over. */
export class RedisLine {
  private constructor(
    readonly proxy: TcpProxy,
    private readonly settings: Settings,
    private master: RedisProcess,
    private replica: RedisProcess,
  ) {}

  /** @param settings settings of both servers */
  static async open(random: Random, settings: Settings = {}): Promise<RedisLine> {
    const master = await RedisProcess.start(settings);
    const proxy = await TcpProxy.start(await freePort(), master.port, () => random.next());
    return new RedisLine(proxy, settings, master, await replicaOf(master, settings));
  }

  get url(): string {
    return `redis://127.0.0.1:${this.proxy.port}`;
  }

  /** Stops the replication, accepts writes for a moment more, and promotes the replica. */
  async promote(): Promise<void> {
    const { master, replica } = this;
    await ask(replica, (client) => client.replicaof('NO', 'ONE'));
    await delay(LOST_WRITES_MS);
    this.proxy.retarget(replica.port);
    this.proxy.cut();
    await master.stop();
    this.master = replica;
    this.replica = await replicaOf(replica, this.settings);
  }

  /** Deletes all data. */
  async flush(): Promise<void> {
    await ask(this.master, (client) => client.flushall());
  }

  /** Kills the server, and starts it with the data that its settings persist. */
  async restart(): Promise<void> {
    await this.master.restart();
    await isReplicated(this.replica);
  }

  /** Replaces the server by an empty one. */
  async replace(): Promise<void> {
    const { master, replica } = this;
    await Promise.all([master.stop(), replica.stop()]);
    this.master = await RedisProcess.start(this.settings);
    this.proxy.retarget(this.master.port);
    this.proxy.cut();
    this.replica = await replicaOf(this.master, this.settings);
  }

  async close(): Promise<void> {
    await this.proxy.stop();
    await this.replica.stop();
    await this.master.stop();
  }
}

async function replicaOf({ port }: RedisProcess, settings: Settings): Promise<RedisProcess> {
  const replica = await RedisProcess.start({ ...settings, 'repl-diskless-sync-delay': '0' });
  // Not a setting: after its promotion it can restart.
  await ask(replica, (client) => client.replicaof('127.0.0.1', port));
  await isReplicated(replica);
  return replica;
}

/** Resolves once a replica has the data of its master. */
function isReplicated(replica: RedisProcess): Promise<void> {
  return ask(replica, async (client) => {
    while (!(await client.info('replication')).includes('master_link_status:up')) await delay(20);
  });
}

async function ask<T>({ port }: RedisProcess, question: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(port, '127.0.0.1');
  client.on('error', () => undefined);
  try {
    return await question(client);
  } finally {
    client.disconnect();
  }
}
