import { EventsPublisher, RedisBridge } from '../../src/realtime/index.js';
import { TcpProxy } from '../fault/proxy.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { freePort } from '../support/ports.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';

const CHANNELS = ['apps:created', 'apps:updated', 'apps:deleted', 'storage:uploaded'] as const;
/** Size of each event, in bytes. */
const PADDING = 40_000;

describe('a Redis that closes subscribers with more than 1 MB of output', () => {
  let redis: RedisProcess;
  let line: TcpProxy;
  let here: RealtimeApp;
  let there: RealtimeApp;

  beforeAll(async () => {
    redis = await RedisProcess.start({ 'client-output-buffer-limit': 'pubsub 1mb 1mb 1' });
    line = await TcpProxy.start(await freePort(), redis.port, Math.random);
    const options = { history: { size: 1_000 }, recoveryMaxBytes: 4_000_000 };
    here = await RealtimeApp.start({ ...options, redis: { url: `redis://127.0.0.1:${line.port}` } });
    there = await RealtimeApp.start({ ...options, redis: { url: redis.url } });
    await until(() => [here, there].every(({ app }) => app.get(RedisBridge).status.up));
  });
  afterAll(async () => {
    await Promise.all([here.close(), there.close()]);
    await line.stop();
    await redis.stop();
  });

  it('loses no event silently: gaps of all channels are filled, or the client is notified', async () => {
    const client = await here.connectAs();
    await client.ask({ type: 'subscribe', channels: [...CHANNELS] });
    await client.fence();

    const emitted: Record<string, string[]> = Object.fromEntries(CHANNELS.map((channel) => [channel, []]));
    const emit = async (): Promise<void> => {
      const events = there.app.get(EventsPublisher);
      for (const channel of CHANNELS) {
        const { id } = await events.emit(channel, { id: 'x', name: 'y'.repeat(PADDING) } as never);
        emitted[channel]!.push(id);
      }
    };
    line.set('blackHole');
    for (let count = 0; count < 20; count += 1) await emit();
    line.cut();
    line.set('pass');
    await until(() => here.app.get(RedisBridge).status.up);
    await emit();

    const live = (channel: string): boolean => {
      const frames = client.frames.filter((frame) => 'channel' in frame && frame.channel === channel);
      return frames.some((frame) => frame.type === 'event' && frame.id === emitted[channel]!.at(-1));
    };
    await until(() => CHANNELS.every(live));
    for (const channel of CHANNELS) {
      const notified = client.frames.some((frame) => frame.type === 'resync' && frame.channel === channel);
      const ids = client.frames.flatMap((frame) =>
        frame.type === 'event' && frame.channel === channel ? [frame.id] : [],
      );
      if (!notified) expect(ids).toEqual(emitted[channel]);
      expect(new Set(ids).size).toBe(ids.length);
    }
    await client.close();
  });
});
