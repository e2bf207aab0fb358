import { setTimeout as delay } from 'node:timers/promises';
import { RedisNode } from '../fault/redis-node.js';
import { freePort } from './ports.js';
import { within } from './within.js';

/** Starts two masters of one Redis Cluster, each with half of the slots: the first one has those below 8192. */
export async function startRedisCluster(): Promise<readonly [RedisNode, RedisNode]> {
  const [one, other] = await Promise.all([startNode(), startNode()]);
  await one.command('CLUSTER', 'ADDSLOTSRANGE', 0, 8_191);
  await other.command('CLUSTER', 'ADDSLOTSRANGE', 8_192, 16_383);
  const bus = Number(((await other.command('CONFIG', 'GET', 'cluster-port')) as string[])[1]);
  await one.command('CLUSTER', 'MEET', '127.0.0.1', other.port, bus);
  for (const node of [one, other]) await within(20_000, 'the cluster', untilServing(node));
  return [one, other];
}

async function startNode(): Promise<RedisNode> {
  const bus = await freePort();
  return RedisNode.start({
    config: ['cluster-enabled yes', 'cluster-announce-ip 127.0.0.1', `cluster-port ${bus}`],
  });
}

async function untilServing(node: RedisNode): Promise<void> {
  while (!String(await node.command('CLUSTER', 'INFO')).includes('cluster_state:ok')) await delay(20);
}
