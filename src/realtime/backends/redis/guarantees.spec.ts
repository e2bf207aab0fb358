import { redisBackend, type BackendFactory, type RedisOptions } from '../../index.js';
import { describeBackend } from '../../../testing/backend/index.js';
import type { RedisNode } from '../../../../test/fault/redis-node.js';
import { startRedisCluster } from '../../../../test/support/redis-cluster.js';
import { RedisProcess } from '../../../../test/support/redis-process.js';

let prefixes = 0;
beforeEach(() => void (prefixes += 1));

/** Each test has its own prefix: the directory and the revocations begin empty. */
const created = (target: () => Partial<RedisOptions>): BackendFactory => {
  return (context) => redisBackend({ ...target(), prefix: `rt${prefixes}:` })(context);
};

describe('with a Redis', () => {
  let redis: RedisProcess;

  beforeAll(async () => void (redis = await RedisProcess.start()));
  afterAll(() => redis.stop());

  describeBackend('redisBackend', { create: created(() => ({ url: redis.url })) });
});

describe('with a Redis Cluster', () => {
  let nodes: readonly RedisNode[] = [];

  beforeAll(async () => void (nodes = await startRedisCluster()), 30_000);
  afterAll(() => Promise.all(nodes.map((node) => node.stop())));

  const cluster = () => [`127.0.0.1:${nodes[0]!.port}`];
  describeBackend('redisBackend', { create: created(() => ({ cluster: cluster() })) });
});
