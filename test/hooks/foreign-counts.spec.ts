import { Redis } from 'ioredis';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';
import { expectChanges, ROOM, startHooks } from './support/hooks-app.js';

describe('counts and claims that no instance wrote', () => {
  it('are skipped, and hooks are called for real changes only', async () => {
    const redis = await RedisProcess.start();
    const stranger = new Redis(redis.url);
    const keys = ['garbage', 'c:%zz/rooms:x', 'c:unknown:x', 'u:x', `c:${ROOM}`, ''];
    await stranger.zadd('rt:counting', 0, 'dead', 0, '../:x', 0, 'list');
    await stranger.hset('rt:k:dead', Object.fromEntries(keys.map((key) => [key, 'many'])));
    await stranger.rpush('rt:k:list', 'a');
    await stranger.set(`rt:o:{c:${ROOM}}`, 'held by none');
    await stranger.rpush('rt:o:{u:x}', 'a');
    const { app, hooks } = await startHooks(redis.url);
    const client = await app.connectAs({ sub: 'x' });
    await client.ask({ type: 'subscribe', channel: ROOM });
    await expectChanges([hooks], ROOM, 'occupied');
    await expectChanges([hooks], 'x', 'online');
    let left: string[] = ['?'];
    while (left.length > 0) left = await stranger.hkeys('rt:k:dead');
    await client.close();
    await expectChanges([hooks], ROOM, 'occupied', 'vacated');
    await expectChanges([hooks], 'x', 'online', 'offline');
    await until(() => app.log.lines.some((line) => line.includes('A claim of a channel or user was skipped')));
    await app.close();
    stranger.disconnect();
    await redis.stop();
  });
});
