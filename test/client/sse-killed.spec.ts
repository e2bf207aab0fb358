import type { Server } from 'node:http';
import { WebSocket } from 'ws';
import { createRealtimeClient, subscribed, type RealtimeClient } from '../../src/client/index.js';
import { sse } from '../../src/client/sse/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { BlockingProxy } from '../support/blocking-proxy.js';
import { signToken } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';

/**
 * Resets all connections of an instance, and stops it without a word to its clients, as when it is killed.
 * @param gone called once no client can reach it
 */
async function kill({ app }: RealtimeApp, gone: () => void): Promise<void> {
  const server = app.getHttpServer() as Server;
  server.close();
  server.closeAllConnections();
  gone();
  await app.close();
}

describe('a client that streams, while instances are killed', () => {
  let redis: RedisProcess;
  let publisher: RealtimeApp;
  let proxy: BlockingProxy;
  let client: RealtimeClient;

  beforeAll(async () => {
    redis = await RedisProcess.start();
    publisher = await start();
    proxy = await BlockingProxy.start(publisher.port);
  });
  afterAll(async () => {
    client?.close();
    await proxy?.close();
    await publisher?.close();
    await redis?.stop();
  });

  const start = (): Promise<RealtimeApp> =>
    RealtimeApp.start({ redis: { url: redis.url }, history: { size: 10_000, ttlMs: 60_000 } });

  it('receives each event once, in order', async () => {
    proxy.set('webSocket', 'refuse');
    client = createRealtimeClient({
      url: `ws://127.0.0.1:${proxy.port}/ws`,
      WebSocket,
      transports: ['websocket', sse()],
      token: signToken({ sub: 'reader' }),
      minDelayMs: 10,
      maxDelayMs: 100,
    });
    const received: string[] = [];
    const resets: string[] = [];
    const channel = client.channel('apps:created');
    channel.on('event', ({ data }) => void received.push(data.name));
    channel.on('reset', ({ reason }) => void resets.push(reason));
    channel.subscribe();
    await subscribed(channel);
    const sent: string[] = [];
    const emitter = setInterval(() => {
      sent.push(String(sent.length));
      void publisher.events.emit('apps:created', { id: '1', name: sent.at(-1)! });
    }, 5);
    for (let kills = 0; kills < 4; kills += 1) {
      const instance = await start();
      proxy.retarget(instance.port);
      await until(() => instance.registry.ofUser('reader').size === 1);
      await subscribed(channel);
      const count = received.length;
      await until(() => received.length > count + 20);
      await kill(instance, () => proxy.retarget(publisher.port));
    }
    clearInterval(emitter);
    await subscribed(channel); // after the last kill
    await until(() => received.length >= sent.length);
    await client.request({ type: 'ping' });
    expect(received).toEqual(sent);
    expect(resets).toEqual([]);
    expect(client.transport).toBe('sse');
  }, 60_000);
});
