import { RedisProcess } from '../support/redis-process.js';
import { RealtimeApp, type TestOptions } from './support/realtime-app.js';

const CHANNEL = 'apps:created';

/** Data that counts its serializations. */
class Counted {
  times = 0;

  toJSON(): object {
    return { times: (this.times += 1) };
  }
}

describe.each(['memory', 'redis'] as const)('the data of an event (%s)', (engine) => {
  let redis: RedisProcess | null = null;
  let here: RealtimeApp;
  let there: RealtimeApp;

  beforeAll(async () => {
    redis = engine === 'redis' ? await RedisProcess.start() : null;
    const options: TestOptions = redis === null ? {} : { redis: { url: redis.url } };
    here = await RealtimeApp.start(options);
    there = redis === null ? here : await RealtimeApp.start(options);
  });
  afterAll(async () => {
    if (there !== here) await there.close();
    await here.close();
    await redis?.stop();
  });

  it.each<[string, (data: Counted) => Promise<unknown>]>([
    ['emit', (data) => here.events.publish(CHANNEL, data)],
    ['prepare', (data) => here.events.prepare(CHANNEL, data)()],
  ])('is serialized once by %s, for every subscriber, instance and replay', async (_path, publish) => {
    const live = await Promise.all([here, here, there].map((app) => app.connectAs()));
    for (const client of live) await client.ask({ type: 'subscribe', channel: CHANNEL });
    const { id: before } = await here.events.publish(CHANNEL, 'before');
    const data = new Counted();
    await publish(data);
    for (const client of live) {
      expect(await client.next('event', (event) => event.id !== before)).toMatchObject({ data: { times: 1 } });
    }
    for (const app of [here, there]) {
      const back = await app.connectAs();
      await back.ask({ type: 'subscribe', channel: CHANNEL, lastEventId: before });
      expect(await back.next('event')).toMatchObject({ data: { times: 1 } });
      await back.close();
    }
    expect(data.times).toBe(1);
    for (const client of live) await client.close();
  });
});
