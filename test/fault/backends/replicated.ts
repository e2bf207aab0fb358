import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../support/ports.js';
import { TcpProxy } from '../proxy.js';
import type { Random } from '../../support/random.js';
import { RedisNode } from '../redis-node.js';
import type { Backend } from './backend.js';
import { linesTo } from './single.js';

/** A master, and a replica whose replication link can stall. The test promotes the replica. */
export class ReplicatedBackend implements Backend {
  private constructor(
    private master: RedisNode,
    private replica: RedisNode,
    private link: TcpProxy,
    readonly lines: readonly TcpProxy[],
    private readonly random: Random,
  ) {}

  static async start(instances: number, random: Random): Promise<ReplicatedBackend> {
    const master = await RedisNode.start();
    const { replica, link } = await follow(master, random);
    return new ReplicatedBackend(master, replica, link, await linesTo(master.port, instances, random), random);
  }

  env(index: number): Readonly<Record<string, string>> {
    return { REDIS_URL: `redis://127.0.0.1:${this.lines[index]!.port}` };
  }

  /** Makes the replica fall behind for a time. */
  async lag(milliseconds: number): Promise<void> {
    this.link.set('blackHole');
    await delay(milliseconds);
  }

  /**
   * Promotes the replica in its current state and redirects all instances to it. The old master dies before or after
   * that.
   */
  async promote(): Promise<void> {
    const old = this.master;
    const diesFirst = this.random.chance(0.5);
    if (diesFirst) await old.kill();
    await this.replica.command('REPLICAOF', 'NO', 'ONE');
    this.master = this.replica;
    for (const line of this.lines) {
      line.retarget(this.master.port);
      line.cut();
      // In between, some instances publish to the old master and some to the new one.
      if (!diesFirst) await delay(this.random.between(0, 100));
    }
    await old.stop();
    await this.link.stop();
  }

  /**
   * Swaps the roles of master and replica. Open connections stay on the old master: a proxy redirects only new ones.
   */
  async swap(): Promise<void> {
    const [old, next] = [this.master, this.replica];
    await next.command('REPLICAOF', 'NO', 'ONE');
    await old.command('REPLICAOF', '127.0.0.1', next.port);
    for (const line of this.lines) line.retarget(next.port);
    await this.link.stop();
    [this.master, this.replica] = [next, old];
    this.link = await TcpProxy.start(await freePort(), next.port, this.random.next);
    await old.command('REPLICAOF', '127.0.0.1', this.link.port);
    await old.until(/master_link_status:up/);
  }

  /** Adds a replica to the master. */
  async restore(): Promise<void> {
    ({ replica: this.replica, link: this.link } = await follow(this.master, this.random));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.lines, this.link].map((line) => line.stop()));
    await Promise.all([this.replica, this.master].map((node) => node.stop()));
  }
}

async function follow(master: RedisNode, random: Random): Promise<{ replica: RedisNode; link: TcpProxy }> {
  const link = await TcpProxy.start(await freePort(), master.port, random.next);
  const replica = await RedisNode.start();
  await replica.command('REPLICAOF', '127.0.0.1', link.port);
  await replica.until(/master_link_status:up/);
  return { replica, link };
}
