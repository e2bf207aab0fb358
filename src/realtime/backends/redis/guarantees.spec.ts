import { redisBackend, type BackendFactory } from '../../index.js';
import { describeBackend } from '../../../testing/backend/index.js';
import { RedisProcess } from '../../../../test/support/redis-process.js';

describe('with a Redis', () => {
  let redis: RedisProcess;
  let prefixes = 0;

  beforeAll(async () => void (redis = await RedisProcess.start()));
  afterAll(() => redis.stop());
  beforeEach(() => void (prefixes += 1));

  // Each test has its own prefix: the directory and the revocations begin empty.
  const create: BackendFactory = (context) => redisBackend({ url: redis.url, prefix: `rt${prefixes}:` })(context);
  describeBackend('redisBackend', { create });
});
