import { RedisBroker } from './redis.broker.js';
import { redisTarget } from './redis-address.js';
import { RedisOptions } from '../../options/redis-options.js';
import { RedisNode } from '../../../../test/fault/redis-node.js';
import { until } from '../../../../test/support/until.js';

describe('Sentinels that require a password', () => {
  it('accept the configured password, and are reported if it is missing or wrong', async () => {
    const master = await RedisNode.start();
    const sentinel = await RedisNode.start({
      sentinel: true,
      config: [`sentinel monitor mymaster 127.0.0.1 ${master.port} 1`],
    });
    await sentinel.command('ACL', 'SETUSER', 'guard', 'on', '>s3cret', 'allchannels', '+@all');
    await sentinel.command('ACL', 'SETUSER', 'default', 'off');
    const start = (given: Partial<RedisOptions>): RedisBroker => {
      const options = Object.assign(new RedisOptions(), { sentinels: [`127.0.0.1:${sentinel.port}`] }, given);
      return new RedisBroker(redisTarget(options)!, 'rt:');
    };
    const without = start({});
    const wrong = start({ sentinelUsername: 'guard', sentinelPassword: 'guessed' });
    const right = start({ sentinelUsername: 'guard', sentinelPassword: 's3cret' });
    try {
      await until(() => right.status.up, 20_000);
      expect(without.status.up || wrong.status.up).toBe(false);
      for (const broker of [without, wrong]) {
        await until(() => JSON.stringify(broker.status).includes('redis.sentinelPassword'), 20_000);
      }
    } finally {
      await Promise.all([without, wrong, right].map((broker) => broker.close()));
      await Promise.all([sentinel.stop(), master.stop()]);
    }
  }, 60_000);
});
