import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { RedisBroker } from './redis.broker.js';
import { connectClusterNode, connectMaster } from './redis-target.js';
import { freePort } from '../../../../test/support/ports.js';
import { RedisProcess } from '../../../../test/support/redis-process.js';
import { until } from '../../../../test/support/until.js';

/** A TCP server that destroys all remaining connections when it is stopped. */
class Listener {
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(lead: (socket: Socket) => void): Promise<Listener> {
    const listener = new Listener(createServer());
    listener.server.on('connection', (socket) => {
      listener.sockets.add(socket.on('error', () => undefined));
      lead(socket);
    });
    listener.server.listen(0, '127.0.0.1');
    await once(listener.server, 'listening');
    return listener;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}

describe('a Redis that is too old', () => {
  let redis: RedisProcess;
  let line: Listener;
  let old: boolean;

  beforeAll(async () => {
    redis = await RedisProcess.start();
    // The real server, which reports version 6 in INFO.
    line = await Listener.start((client) => {
      const server = connect(redis.port, '127.0.0.1');
      client.pipe(server);
      client.on('close', () => server.destroy());
      server.on('error', () => undefined).on('close', () => client.destroy());
      server.on('data', (chunk: Buffer) => {
        const text = chunk.toString('latin1');
        client.write(old ? text.replace(/redis_version:\d/, 'redis_version:6') : text, 'latin1');
      });
    });
  });
  beforeEach(() => void (old = true));
  afterAll(async () => {
    await line.stop();
    await redis.stop();
  });

  it('is reported, receives no events, and is used once it is upgraded', async () => {
    const broker = new RedisBroker({ url: `redis://127.0.0.1:${line.port}` }, 'rt:');
    await until(() => /it is version 6/.test(broker.status.reason ?? ''));
    expect(broker.status).toEqual({
      up: false,
      reason: expect.stringMatching(
        /^Redis is unavailable: it is version 6\.\S+: Redis 7 or Valkey 8, or later, is required$/,
      ),
    });
    const event = { topic: 'apps:created', body: 'x', history: { size: 1, ttlMs: 1_000 } };
    await expect(broker.publish({ ...event, timeoutMs: 200 })).rejects.toThrow('Not published in time');
    old = false;
    await until(() => broker.status.up);
    expect(await broker.publish({ ...event, timeoutMs: 5_000 })).toMatchObject({ offset: 1 });
    await broker.close();
  });

  it('is also rejected as a node of a Cluster', async () => {
    const target = { cluster: [{ host: '127.0.0.1', port: line.port }] };
    await expect(connectClusterNode(target, 0)).rejects.toThrow('it is version 6');
  });
});

describe('an unreachable Redis', () => {
  it('leaves no timer that keeps the process alive', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const url = `redis://127.0.0.1:${await freePort()}`;
    const before = timers();
    for (let tries = 0; tries < 5; tries += 1) await expect(connectMaster({ url })).rejects.toThrow('ECONNREFUSED');
    expect(timers() - before).toBeLessThan(5); // timers of the test runner come and go
  });
});

describe('a Redis of another type', () => {
  it('reports which option to use for a Cluster node configured as a single server', async () => {
    const node = await RedisProcess.start({ 'cluster-enabled': 'yes' });
    const broker = new RedisBroker({ url: node.url }, 'rt:');
    await until(() => /REALTIME_REDIS_CLUSTER/.test(broker.status.reason ?? ''));
    expect(broker.status.up).toBe(false);
    await broker.close();
    await node.stop();
  });

  it('reports which option to use for a single server configured as a Cluster', async () => {
    const single = await RedisProcess.start();
    const broker = new RedisBroker({ cluster: [{ host: '127.0.0.1', port: single.port }] }, 'rt:');
    await until(() => /not a Cluster node: set `redis.url` instead/.test(broker.status.reason ?? ''));
    expect(broker.status.up).toBe(false);
    await broker.close();
    await single.stop();
  });
});
