import { setTimeout as delay } from 'node:timers/promises';
import { Child } from '../../support/child.js';
import { within } from '../../support/within.js';
import { RedisNode } from '../redis-node.js';
import type { Backend } from './backend.js';

const CONFIG = [
  'cluster-enabled yes',
  'cluster-config-file nodes.conf',
  'cluster-node-timeout 1500',
  // Keep serving the remaining slots.
  'cluster-require-full-coverage no',
];

/** Three masters with a replica each. Instances discover the owner of a slot themselves. */
export class ClusterBackend implements Backend {
  readonly lines = [];

  private constructor(private readonly nodes: readonly RedisNode[]) {}

  static async start(): Promise<ClusterBackend> {
    const nodes = await Promise.all(Array.from({ length: 6 }, () => RedisNode.start({ config: CONFIG })));
    const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
    const cli = new Child('redis-cli', [
      '--cluster',
      'create',
      ...addresses,
      ...['--cluster-replicas', '1', '--cluster-yes'],
    ]);
    const { code } = await within(60_000, () => `the cluster:\n${cli.output}`, cli.exited);
    if (code !== 0) throw new Error(`redis-cli --cluster create failed:\n${cli.output}`);
    const backend = new ClusterBackend(nodes);
    for (const node of nodes) await backend.untilOk(node);
    for (const node of nodes) await node.until(/role:master|role:slave[^]*master_link_status:up/);
    return backend;
  }

  env(): Readonly<Record<string, string>> {
    return { REALTIME_REDIS_CLUSTER: this.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',') };
  }

  /** Kills the owner of a channel's slot and waits until its replica has taken over. @returns the dead node */
  async killOwnerOf(channel: string): Promise<RedisNode> {
    const slot = Number(await this.nodes[0]!.command('CLUSTER', 'KEYSLOT', channel));
    const dead = await this.ownerOf(slot, this.nodes);
    await dead.kill();
    const others = this.nodes.filter((node) => node !== dead);
    const isReplaced = async (): Promise<void> => {
      for (;;) {
        const owner = await this.ownerOf(slot, others).catch(() => null);
        if (owner !== null) return;
        await delay(50);
      }
    };
    await within(30_000, 'a replica to take over', isReplaced());
    return dead;
  }

  async restore(dead: RedisNode): Promise<void> {
    await dead.restart();
    await dead.until(/role:slave[^]*master_link_status:up/, 40_000);
    await this.untilOk(dead);
  }

  /**
   * Keeps the slot of a channel in migration while `meanwhile` runs, with its keys on both nodes, and then assigns it
   * to the other node.
   */
  async migrate(channel: string, meanwhile: () => Promise<void>): Promise<void> {
    const slot = Number(await this.nodes[0]!.command('CLUSTER', 'KEYSLOT', channel));
    const from = await this.ownerOf(slot, this.nodes);
    const to = await this.anotherMaster(from);
    const [fromId, toId] = [await idOf(from), await idOf(to)];
    await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
    await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
    const [first, ...rest] = await keysIn(slot, from);
    if (first !== undefined && rest.length > 0) await moveKeys([first], from, to);
    await meanwhile();
    await moveKeys(await keysIn(slot, from), from, to);
    for (const node of [to, from]) await node.command('CLUSTER', 'SETSLOT', slot, 'NODE', toId);
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  /** Returns the live node that claims the slot. */
  private async ownerOf(slot: number, nodes: readonly RedisNode[]): Promise<RedisNode> {
    for (const node of nodes) {
      const table = String(await node.command('CLUSTER', 'NODES'));
      const [, , , , , , , , ...slots] =
        table
          .split('\n')
          .find((line) => line.includes('myself,master'))
          ?.split(' ') ?? [];
      if (slots.some((range) => isIn(slot, range))) return node;
    }
    throw new Error(`Nobody owns slot ${slot}`);
  }

  private async masters(): Promise<RedisNode[]> {
    const tables = await Promise.all(this.nodes.map((node) => node.command('CLUSTER', 'NODES')));
    return this.nodes.filter((_node, index) => String(tables[index]).includes('myself,master'));
  }

  private async anotherMaster(than: RedisNode): Promise<RedisNode> {
    return (await this.masters()).find((node) => node !== than)!;
  }

  private async untilOk(node: RedisNode): Promise<void> {
    const isOk = async (): Promise<void> => {
      while (!String(await node.command('CLUSTER', 'INFO')).includes('cluster_state:ok')) await delay(50);
    };
    await within(30_000, 'cluster_state:ok', isOk());
  }
}

async function idOf(node: RedisNode): Promise<string> {
  return String(await node.command('CLUSTER', 'MYID'));
}

async function keysIn(slot: number, node: RedisNode): Promise<string[]> {
  return (await node.command('CLUSTER', 'GETKEYSINSLOT', slot, 10_000)) as string[];
}

async function moveKeys(keys: readonly string[], from: RedisNode, to: RedisNode): Promise<void> {
  if (keys.length > 0) await from.command('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'KEYS', ...keys);
}

function isIn(slot: number, range: string): boolean {
  const [from, to = from] = range.split('-').map(Number);
  return from !== undefined && to !== undefined && slot >= from && slot <= to;
}
