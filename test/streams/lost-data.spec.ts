import { Redis } from 'ioredis';
import { RealtimeStreams, RedisBridge } from '../../src/realtime/index.js';
import { RealtimeApp, type TestOptions } from '../realtime/support/realtime-app.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';
import { StreamClient } from './support/stream-text.js';

const LEASE_MS = 500;

describe('streams over a Redis that loses its data', () => {
  let redis: RedisProcess;
  let admin: Redis;
  let here: RealtimeApp;
  let there: RealtimeApp;

  beforeAll(async () => {
    redis = await RedisProcess.start();
    admin = new Redis(redis.port, '127.0.0.1');
    const options: TestOptions = {
      channels: [{ name: 'logs:{id}', access: 'public', stream: true }],
      ...{ streams: { leaseMs: LEASE_MS }, redis: { url: redis.url } },
    };
    [here, there] = [await RealtimeApp.start(options), await RealtimeApp.start(options)];
    await until(() => [here, there].every(({ app }) => app.get(RedisBridge).status.up));
  });
  afterAll(async () => {
    await here?.close();
    await there?.close();
    admin?.disconnect();
    await redis?.stop();
  });

  it('become failed for their writer and their readers, and can be opened again', async () => {
    const streams = here.app.get(RealtimeStreams);
    const [written, quiet] = [await streams.open('logs:written'), await streams.open('logs:quiet')];
    for (const writer of [written, quiet]) {
      await writer.write('one ');
      await writer.flush();
    }
    const channels = ['logs:written', 'logs:quiet'];
    const readers = await Promise.all(channels.map((channel) => StreamClient.open(there.url, channel)));
    await Promise.all(readers.map((reader) => reader.has(4)));
    await admin.flushdb();
    await written.write('two ');
    await expect(written.flush()).rejects.toMatchObject({ state: 'failed', reason: 'lost' });
    // The other one learns of it when it renews its lease.
    await until(() => quiet.signal.aborted);
    expect(quiet.signal.reason).toMatchObject({ state: 'failed', reason: 'lost' });
    for (const reader of readers) {
      expect(await reader.reached('failed')).toMatchObject({ text: 'one ', reason: 'lost', problems: [] });
    }
    const again = await streams.open('logs:written', { resume: true });
    expect([again.id === written.id, again.length]).toEqual([false, 0]);
    await again.write('new');
    await again.end();
    expect(await readers[0]!.reached('done')).toMatchObject({ text: 'new', beginnings: 2, missing: 0 });
    await Promise.all(readers.map((reader) => reader.close()));
  });
});
