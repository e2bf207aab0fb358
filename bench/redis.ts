import { RedisProcess } from '../test/support/redis-process.js';

/** Runs a Redis server of this run's own, on a free port, and ends it whatever happens. */
export async function withRedis<T>(use: (url: string) => Promise<T>): Promise<T> {
  const redis = await RedisProcess.start();
  try {
    return await use(redis.url);
  } finally {
    await redis.stop();
  }
}
