import { Redis } from 'ioredis';
import { createServer, listen } from './http.js';
import type { Peer, PeerSettings } from './peer.js';

/** Only PUBLISH: the minimum cost of any delivery over Redis. */
export async function startBareRedis(settings: PeerSettings): Promise<Peer> {
  const redis = new Redis(settings.redisUrl!);
  await redis.ping();
  return {
    port: await listen(createServer({}), settings),
    publish: (channel, data) => redis.publish(channel, JSON.stringify(data)),
  };
}
