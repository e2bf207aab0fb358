import { Controller, Get, Inject } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule, type HealthCheckResult } from '@nestjs/terminus';
import { RealtimeHealth, RedisBridge } from '../../src/realtime/index.js';
import { RealtimeHealthIndicator } from '../../src/terminus/index.js';
import { RealtimeApp, type TestOptions } from '../realtime/support/realtime-app.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';

@Controller('health')
class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(RealtimeHealthIndicator) private readonly realtime: RealtimeHealthIndicator,
  ) {}

  @Get('live')
  live(): string {
    return 'ok';
  }

  @Get('ready')
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    return this.health.check([() => this.realtime.isHealthy()]);
  }
}

const boot = {
  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController],
  providers: [RealtimeHealthIndicator],
};
const start = (options: TestOptions = {}): Promise<RealtimeApp> => RealtimeApp.start(options, boot);

async function ask(app: RealtimeApp, path: string): Promise<{ status: number; body: { details?: unknown } }> {
  const response = await fetch(`${app.http}/health/${path}`);
  const text = await response.text();
  return { status: response.status, body: text === 'ok' ? {} : (JSON.parse(text) as { details: unknown }) };
}

describe('RealtimeHealthIndicator', () => {
  it('reports a single instance without a self-ping and with an empty queue', async () => {
    const app = await start();
    const client = await app.connectAs();
    const details = { broker: 'up', queuedEvents: 0, queuedBytes: 0, connections: 1, draining: false };
    expect(await ask(app, 'ready')).toMatchObject({ status: 200, body: { details: { realtime: details } } });
    expect(app.app.get(RealtimeHealth).check()).not.toHaveProperty('selfPingAgeMs');
    await client.close();
    await app.close();
  });

  it('reports an instance as unready, but alive, while its Redis is down, and as ready afterwards', async () => {
    const redis = await RedisProcess.start();
    const app = await start({ redis: { url: redis.url } });
    const bridge = app.app.get(RedisBridge);
    const health = app.app.get(RealtimeHealth);
    // An instance that reaches Redis is ready once it has loaded the revocations.
    await until(() => health.check().status === 'ok');
    const client = await app.connectAs();
    const before = await ask(app, 'ready');
    expect(before).toMatchObject({ status: 200, body: { details: { realtime: { status: 'up' } } } });
    expect(health.check().selfPingAgeMs).toBeLessThan(10_000);

    await redis.kill();
    await until(() => !bridge.status.up);
    const emitted = app.events.emit('apps:created', { id: '1', name: 'n' });
    expect(await ask(app, 'ready')).toEqual({
      status: 503,
      body: expect.objectContaining({
        details: {
          realtime: {
            ...{ status: 'down', broker: 'down', tokens: 'up', revocations: 'stale', draining: false },
            ...{ connections: 1, queuedEvents: 1 },
            queuedBytes: expect.any(Number) as number,
            selfPingAgeMs: expect.any(Number) as number,
            reason: expect.stringMatching(/^Redis is unavailable: /) as string,
          },
        },
      }) as object,
    });
    // It is alive: it serves its open connection.
    expect((await ask(app, 'live')).status).toBe(200);
    await client.fence();

    await redis.restart();
    expect((await emitted).channel).toBe('apps:created');
    await until(() => health.check().status === 'ok');
    expect((await ask(app, 'ready')).status).toBe(200);
    await client.close();
    await app.close();
    await redis.stop();
  });

  it('reports that it drains', async () => {
    const app = await start();
    await app.server.drain(0);
    const answer = await ask(app, 'ready');
    expect(answer).toMatchObject({
      status: 503,
      body: {
        details: {
          realtime: { status: 'down', draining: true, reason: 'The instance is draining its connections to shut down' },
        },
      },
    });
    await app.close();
  });
});
