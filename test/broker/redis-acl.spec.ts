import { readFile } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { RedisBroker } from '../../src/realtime/broker/redis.broker.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';
import { describeBroker } from './broker-suite.js';

describe('the ACL of docs/redis.md', () => {
  let redis: RedisProcess;
  let admin: Redis;
  let rules: string[];

  beforeAll(async () => {
    redis = await RedisProcess.start();
    admin = new Redis(redis.url);
    const [, line] = /^ACL SETUSER realtime (.+)$/m.exec(await readFile('docs/redis.md', 'utf8'))!;
    rules = line!.split(' ');
  });
  beforeEach(async () => void (await admin.call('ACL', 'SETUSER', 'realtime', 'reset', ...rules)));
  afterAll(async () => {
    admin.disconnect();
    await redis.stop();
  });

  const start = (): RedisBroker => new RedisBroker({ url: redis.url.replace('//', '//realtime:secret@') }, 'rt:');

  describeBroker('RedisBroker under it', async () => {
    const broker = start();
    await until(() => broker.status.up);
    return broker;
  });

  it.each(['-subscribe', '-time', '-script|load', '-info', 'resetchannels'])(
    'without it (%s) says what may not be done, and goes on trying until it may',
    async (taken) => {
      await admin.call('ACL', 'SETUSER', 'realtime', taken);
      const broker = start();
      await until(() => /Redis cannot be used: .*NOPERM/.test(broker.status.reason ?? ''));
      expect(broker.status.up).toBe(false);
      await admin.call('ACL', 'SETUSER', 'realtime', ...rules);
      await until(() => broker.status.up);
      await broker.close();
    },
  );

  it('without a command of the scripts (-rpush): an emit is rejected with what Redis says', async () => {
    await admin.call('ACL', 'SETUSER', 'realtime', '-rpush');
    const broker = start();
    const event = { channel: 'apps:created', body: 'x', history: { size: 1, ttlMs: 1_000 }, timeoutMs: 5_000 };
    await expect(broker.publish(event)).rejects.toThrow(/^Redis refused the event: .*can't run this command/);
    await broker.close();
  });
});
