import { RealtimeControl, RedisBridge } from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';

const REVOKED = { code: 4403, reason: 'access was revoked' };

describe('an instance that starts after a control command', () => {
  it('does not close connections of its user when it reads the log again, and executes later commands', async () => {
    const redis = await RedisProcess.start({ appendonly: 'yes', appendfsync: 'always' });
    const options = { redis: { url: redis.url } };
    const here = await RealtimeApp.start(options);
    const control = here.app.get(RealtimeControl);
    await control.disconnectUser('ann');
    const later = await RealtimeApp.start(options);
    const isUp = () => [here, later].every(({ app }) => app.get(RedisBridge).status.up);
    try {
      await until(isUp);
      const ann = await later.connectAs({ sub: 'ann' });
      await redis.kill();
      await until(() => !isUp());
      await redis.restart(); // the log was kept, but the incarnation is new
      await until(isUp);
      const bob = await later.connectAs({ sub: 'bob' });
      await control.disconnectUser('bob', { require: 'all' });
      expect(await bob.closed).toEqual(REVOKED);
      // At this point the log was read, if it contains bob's command.
      await later.app.get(RealtimeControl).disconnectUser('nobody', { require: 'all' });
      await ann.fence();
      expect(ann.frames.filter(({ type }) => type === 'connected')).toHaveLength(1);
      await expect(ann.close(1000)).resolves.toMatchObject({ code: 1000 });
    } finally {
      await here.close();
      await later.close();
      await redis.stop();
    }
  });
});
