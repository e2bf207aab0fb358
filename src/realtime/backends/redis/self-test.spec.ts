import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import type { Position } from '../../../protocol/index.js';
import { RedisBroker } from './redis.broker.js';
import { REDIS_INTERVALS, type RedisIntervals } from './redis-intervals.js';
import { Counters } from '../../observability/counters.js';
import { ForeignData } from '../../observability/foreign-data.js';
import { RedisProcess } from '../../../../test/support/redis-process.js';
import { until } from '../../../../test/support/until.js';

const HISTORY = { size: 10, ttlMs: 60_000 };
const CHANNEL = 'apps:created';
/** A pub/sub message in RESP3. The messages of this test contain no line breaks. */
const PUSH = />3\r\n\$7\r\nmessage\r\n\$\d+\r\n[^\r]*\r\n\$\d+\r\n[^\r]*\r\n/g;

/** A loss that no later event and no lost connection would reveal. */
describe('a silent loss', () => {
  let redis: RedisProcess;
  let admin: Redis;
  let line: SilencingProxy;
  let broker: RedisBroker;
  let bodies: string[];
  let positions: Position[];

  beforeAll(async () => {
    redis = await RedisProcess.start();
    line = await SilencingProxy.start(redis.port);
    admin = new Redis(redis.url);
  });
  afterAll(async () => {
    admin.disconnect();
    await line.stop();
    await redis.stop();
  });
  afterEach(() => broker.close());

  /** Starts a broker with all other means of detection disabled. */
  async function start(times: Partial<RedisIntervals>, port = redis.port): Promise<void> {
    const never = { selfPingMs: 1e9, selfPingLostMs: 1e9, auditMs: 1e9 };
    await admin.flushall();
    broker = new RedisBroker({ url: `redis://127.0.0.1:${port}` }, 'rt:', new ForeignData(new Counters()), {
      ...REDIS_INTERVALS,
      ...never,
      ...times,
    });
    [bodies, positions] = [[], []];
    broker.listen({
      event: (_channel, { body }) => void bodies.push(body),
      position: (_channel, position) => void positions.push(position),
    });
    await until(() => broker.status.up);
    await broker.subscribe(CHANNEL, HISTORY);
  }

  const emit = (body: string) => broker.publish({ topic: CHANNEL, body, history: HISTORY, timeoutMs: 5_000 });

  it('of one message on a quiet channel is found by the audit', async () => {
    await start({ auditMs: 200 });
    await emit('heard');
    await until(() => bodies.length === 1);
    const before = positions.length;
    // Stored but never published, as if the message of the event was lost in transit.
    const [epoch] = await admin.hmget('rt:m:{apps:created}', 'e');
    await admin.rpush('rt:h:{apps:created}', '2 00000000deadbeef.1 unheard');
    await admin.hset('rt:m:{apps:created}', 's', '2');
    await until(() => positions.slice(before).some(({ offset }) => offset === 2));
    expect(positions.at(-1)).toEqual({ epoch, offset: 2 });
    expect(bodies).toEqual(['heard']);
    const read = await broker.read(CHANNEL, { epoch: epoch!, offset: 1 }, { maxEvents: 10, maxBytes: 1_000 });
    expect(read).toMatchObject({ ok: true, events: [{ body: 'unheard' }] });
  });

  it('of all messages on a connection that still replies is found by the self-ping', async () => {
    await start({ selfPingMs: 100, selfPingLostMs: 600 }, line.port);
    await emit('heard');
    await until(() => bodies.length === 1);
    line.deafen();
    expect(await emit('unheard')).toMatchObject({ offset: 2 });
    // A new connection reports the position of the channel.
    await until(() => positions.at(-1)?.offset === 2);
    expect(broker.status).toEqual({ up: true });
    await emit('heard again');
    await until(() => bodies.length === 2);
    expect(bodies).toEqual(['heard', 'heard again']);
  });
});

/** A proxy to Redis that can drop all pub/sub messages of its current connections, but no replies. */
class SilencingProxy {
  private readonly deaf = new WeakSet<Socket>();
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly listener: Server) {}

  static async start(target: number): Promise<SilencingProxy> {
    const listener = createServer();
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const line = new SilencingProxy(listener);
    listener.on('connection', (client) => line.lead(client, connect(target, '127.0.0.1')));
    return line;
  }

  get port(): number {
    return (this.listener.address() as AddressInfo).port;
  }

  deafen(): void {
    for (const socket of this.sockets) this.deaf.add(socket);
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.listener.close();
    await once(this.listener, 'close');
  }

  private lead(client: Socket, server: Socket): void {
    this.sockets.add(client);
    client.on('error', () => undefined).on('close', () => server.destroy());
    server.on('error', () => undefined).on('close', () => client.destroy());
    client.pipe(server);
    server.on('data', (chunk: Buffer) => {
      client.write(this.deaf.has(client) ? chunk.toString('latin1').replace(PUSH, '') : chunk, 'latin1');
    });
  }
}
