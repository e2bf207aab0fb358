import { setTimeout as delay } from 'node:timers/promises';
import { within } from '../../support/within.js';
import { RedisNode } from '../redis-node.js';
import type { Backend } from './backend.js';

const MASTER = 'mymaster';

/** A master with two replicas, watched by three Sentinels. Instances query the Sentinels. */
export class SentinelBackend implements Backend {
  readonly lines = [];

  private constructor(
    private readonly nodes: readonly RedisNode[],
    private readonly sentinels: readonly RedisNode[],
  ) {}

  static async start(): Promise<SentinelBackend> {
    const nodes = await Promise.all([1, 2, 3].map(() => RedisNode.start()));
    const [master, ...replicas] = nodes as [RedisNode, ...RedisNode[]];
    for (const replica of replicas) {
      await replica.command('REPLICAOF', '127.0.0.1', master.port);
      await replica.until(/master_link_status:up/);
    }
    const config = [
      `sentinel monitor ${MASTER} 127.0.0.1 ${master.port} 2`,
      `sentinel down-after-milliseconds ${MASTER} 1000`,
      `sentinel failover-timeout ${MASTER} 4000`,
      `sentinel parallel-syncs ${MASTER} 1`,
    ];
    const sentinels = await Promise.all([1, 2, 3].map(() => RedisNode.start({ config, sentinel: true })));
    const backend = new SentinelBackend(nodes, sentinels);
    for (const sentinel of sentinels) await sentinel.until(/slaves=2,sentinels=3/, 20_000);
    return backend;
  }

  env(): Readonly<Record<string, string>> {
    return {
      REALTIME_REDIS_SENTINELS: this.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(','),
      REALTIME_REDIS_SENTINEL_NAME: MASTER,
    };
  }

  /** Kills the master and waits until the Sentinels have promoted another node. @returns the dead node */
  async failOver(): Promise<RedisNode> {
    const dead = await this.master();
    await dead.kill();
    const isReplaced = async (): Promise<void> => {
      for (;;) {
        const master = await this.master();
        if (master !== dead) return master.until(/role:master/);
        await delay(50);
      }
    };
    await within(30_000, 'the Sentinels to promote a replica', isReplaced());
    return dead;
  }

  /** Restarts a dead node, which the Sentinels make a replica. */
  async restore(dead: RedisNode): Promise<void> {
    await dead.restart();
    await dead.until(/role:slave[^]*master_link_status:up/, 40_000);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.sentinels, ...this.nodes].map((node) => node.stop()));
  }

  private async master(): Promise<RedisNode> {
    const [, port] = (await this.sentinels[0]!.command('SENTINEL', 'get-master-addr-by-name', MASTER)) as string[];
    return this.nodes.find((node) => node.port === Number(port))!;
  }
}
