import { Redis } from 'ioredis';
import { createServer, listen } from './http.js';
import type { Peer, PeerSettings } from './peer.js';

/** PUBLISH and nothing else: what any delivery over Redis costs at least. */
export async function startBareRedis(settings: PeerSettings): Promise<Peer> {
  const redis = new Redis(settings.redisUrl!);
  await redis.ping();
  return {
    port: await listen(createServer({})),
    publish: (channel, data) => redis.publish(channel, JSON.stringify(data)),
  };
}
