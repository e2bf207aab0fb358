import { Redis } from 'ioredis';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { SamePathGateway } from '../realtime/support/other-gateways.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { RedisProcess } from '../support/redis-process.js';
import { FRAME_ROWS } from './support/frame-rows.js';

describe('connections that have ended', () => {
  let redis: RedisProcess;
  let admin: Redis;
  let app: RealtimeApp;

  beforeAll(async () => {
    redis = await RedisProcess.start();
    admin = new Redis(redis.url);
    const channels = [
      { name: 'rooms:{id}', access: 'authenticated' as const },
      { name: 'lobby:{id}', access: 'authenticated' as const, presence: true },
    ];
    const options = { redis: { url: redis.url }, channels, framesPerSecond: 10_000, presenceGraceMs: 0 };
    app = await RealtimeApp.start(options, { providers: [SamePathGateway] });
  });
  afterAll(async () => {
    await app.close();
    admin.disconnect();
    await redis.stop();
  });

  it('leave no key of their presence', async () => {
    const client = await app.connectAs();
    const keys = await admin.dbsize();
    const names = Array.from({ length: 20 }, (_, index) => `lobby:${index}`);
    client.send({ type: 'subscribe', channels: names.map((channel) => ({ channel, presence: true })) });
    for (const _ of names) await client.next('presence');
    expect(await admin.dbsize()).toBeGreaterThanOrEqual(keys + 20);
    client.send({ type: 'unsubscribe', channels: names });
    while ((await admin.dbsize()) > keys + 1) await client.fence(); // one key belongs to the instance
    await client.close();
  });

  it('leave no memory of their frames', async () => {
    const rows = FRAME_ROWS.filter((row) => row.app === undefined && row.type !== 'auth' && row.keys === 0);
    let bytesIn = 0;
    const round = async (): Promise<void> => {
      const client = await app.connectAs({ sub: 'memory', role: 'admin' });
      for (const frame of rows.flatMap(({ frames }) => frames(80, 0))) {
        client.send(frame);
        bytesIn += JSON.stringify(frame).length;
      }
      await client.fence();
      const gone = app.gone('memory');
      await client.close();
      await gone;
    };
    const held = (): number => {
      collectGarbage();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    await round();
    const before = held();
    bytesIn = 0;
    for (let count = 0; count < 6; count += 1) await round();
    expect(bytesIn).toBeGreaterThan(500_000);
    expect(held() - before).toBeLessThan(4 * bytesIn);
  });
});

function collectGarbage(): void {
  setFlagsFromString('--expose_gc');
  (runInNewContext('gc') as () => void)();
}
