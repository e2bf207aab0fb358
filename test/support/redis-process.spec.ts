import { Redis } from 'ioredis';
import { RedisProcess } from './redis-process.js';

/** A client without retries: if the server is dead, commands fail instead of waiting. */
function clientOf(redis: RedisProcess): Redis {
  return new Redis(redis.url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
}

describe('RedisProcess', () => {
  let redis: RedisProcess;

  afterEach(() => redis.stop());

  it('keeps its port and, with appendonly, its data after a kill', async () => {
    redis = await RedisProcess.start({ appendonly: 'yes', appendfsync: 'always' });
    const before = clientOf(redis);
    await before.set('key', 'kept');
    before.disconnect();

    await expect(redis.kill()).resolves.toEqual({ code: null, signal: 'SIGKILL' });
    const dead = clientOf(redis);
    dead.on('error', () => undefined);
    await expect(dead.connect()).rejects.toThrow('Connection is closed');

    await redis.restart();
    const after = clientOf(redis);
    await expect(after.get('key')).resolves.toBe('kept');
    after.disconnect();
  });

  it('reports the error if it does not start', async () => {
    redis = await RedisProcess.start();
    await expect(RedisProcess.start({ 'no-such-setting': 'yes' })).rejects.toThrow('Bad directive');
  });
});
