import { RedisProcess } from '../test/support/redis-process.js';

/** Runs a temporary Redis server on a free port, and always ends it. */
export async function withRedis<T>(use: (url: string) => Promise<T>): Promise<T> {
  const redis = await RedisProcess.start();
  try {
    return await use(redis.url);
  } finally {
    await redis.stop();
  }
}
