import type { Position } from '../../../protocol/index.js';
import type { ReadResult } from '../../broker/broker.js';
import { RedisBroker } from './redis.broker.js';
import type { RedisTarget } from './redis-address.js';
import { REDIS_INTERVALS } from './redis-intervals.js';
import { Counters } from '../../observability/counters.js';
import { ForeignData } from '../../observability/foreign-data.js';
import { TcpProxy } from '../../../../test/fault/proxy.js';
import { RedisNode } from '../../../../test/fault/redis-node.js';
import { freePort } from '../../../../test/support/ports.js';
import { startRedisCluster } from '../../../../test/support/redis-cluster.js';
import { until } from '../../../../test/support/until.js';

const HISTORY = { size: 10, ttlMs: 60_000 };
const LIMITS = { maxEvents: 100, maxBytes: 1_000_000 };

async function connected(target: RedisTarget): Promise<RedisBroker> {
  const broker = new RedisBroker(target, 'rt:', new ForeignData(new Counters()), { ...REDIS_INTERVALS, probeMs: 200 });
  await until(() => broker.status.up);
  return broker;
}

function emit(broker: RedisBroker, channel: string, timeoutMs = 5_000): Promise<Position | null> {
  return broker.publish({ topic: channel, body: 'x', history: HISTORY, timeoutMs });
}

/** Retries while Redis is unavailable, like a stream. */
async function readUntilAnswered(broker: RedisBroker, channel: string, after: Position): Promise<ReadResult> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    try {
      return await broker.read(channel, after, LIMITS);
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => void setTimeout(resolve, 20));
    }
  }
}

describe('a master with a fixed address that becomes a replica, and keeps its connections', () => {
  it('is replaced quickly, even by an instance that only listens', async () => {
    const [old, next] = [await RedisNode.start(), await RedisNode.start()];
    const address = await TcpProxy.start(await freePort(), old.port, Math.random);
    const target = { url: `redis://127.0.0.1:${address.port}` };
    const broker = await connected(target);
    await broker.subscribe('apps:created', HISTORY);
    await next.command('REPLICAOF', '127.0.0.1', old.port);
    await next.until(/master_link_status:up/);
    await next.command('REPLICAOF', 'NO', 'ONE');
    await old.command('REPLICAOF', '127.0.0.1', next.port);
    await old.until(/master_link_status:up/);
    address.retarget(next.port); // new connections only
    const received: string[] = [];
    broker.listen({ event: (_channel, { body }) => void received.push(body), position: () => undefined });
    const other = await connected({ url: next.url });
    const first = (await emit(other, 'apps:created'))!;
    expect(await readUntilAnswered(broker, 'apps:created', first)).toMatchObject({ ok: true });
    await until(() => broker.status.up);
    expect(await emit(broker, 'apps:created')).toMatchObject({ offset: first.offset + 1 });
    await until(() => received.length > 0);
    for (const one of [broker, other]) await one.close();
    await address.stop();
    for (const node of [old, next]) await node.stop();
  }, 30_000);
});

describe('a Cluster slot that is being moved', () => {
  const [MOVING, resting] = ['apps:created', 'apps:updated']; // in two different slots
  let nodes: RedisNode[];
  let broker: RedisBroker;
  let listening: RedisBroker;
  let slot: number;
  let [from, to]: RedisNode[] = [];

  beforeAll(async () => {
    const [one, other] = await startRedisCluster();
    nodes = [one, other];
    const target = { cluster: [{ host: '127.0.0.1', port: one.port }] };
    [broker, listening] = [await connected(target), await connected(target)];
    const slotOf = async (channel: string) => Number(await one.command('CLUSTER', 'KEYSLOT', channel));
    slot = await slotOf(MOVING);
    [from, to] = slot < 8_192 ? [one, other] : [other, one];
  }, 30_000);
  afterAll(async () => {
    for (const one of [broker, listening]) await one?.close();
    for (const node of nodes ?? []) await node.stop();
  });

  const move = async (keys: readonly string[]): Promise<void> => {
    await from!.command('MIGRATE', '127.0.0.1', to!.port, '', 0, 5_000, 'KEYS', ...keys);
  };

  it('delays only its own channels, and is found again by an instance that only listens', async () => {
    const first = (await emit(broker, MOVING))!;
    await listening.subscribe(MOVING, HISTORY);
    const ids = await Promise.all([from!, to!].map(async (node) => String(await node.command('CLUSTER', 'MYID'))));
    await to!.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids[0]!);
    await from!.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids[1]!);
    const keys = (await from!.command('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[];
    await move(keys.slice(0, 1)); // its keys are on two nodes now: TRYAGAIN
    const order: string[] = [];
    const waiting = emit(broker, MOVING).then((position) => {
      order.push('moving');
      return position;
    });
    for (let count = 0; count < 5; count += 1) await emit(broker, resting).then(() => order.push('resting'));
    await move(keys.slice(1));
    for (const node of [to!, from!]) await node.command('CLUSTER', 'SETSLOT', slot, 'NODE', ids[1]!);
    expect(await waiting).toMatchObject({ offset: 2 });
    expect(order).toEqual(['resting', 'resting', 'resting', 'resting', 'resting', 'moving']);
    // Another server has the log now, and cannot prove that the log is complete.
    expect(await readUntilAnswered(listening, MOVING, first)).toMatchObject({ ok: false, reason: 'unproven' });
  }, 30_000);

  it('answers a read on a node that does not have the scripts, as one that was promoted by hand', async () => {
    const top = (await emit(broker, resting))!;
    for (const node of nodes) await node.command('SCRIPT', 'FLUSH');
    await expect(listening.read(resting, top, LIMITS)).resolves.toMatchObject({ ok: true });
  });
});
