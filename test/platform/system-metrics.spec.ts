import { PlatformConfig } from '../../src/platform/config/platform-config.js';
import { HealthService } from '../../src/platform/health/health.service.js';
import { SystemService } from '../../src/platform/system/system.service.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { until } from '../support/until.js';

it('samples the metrics of the system only while an admin looks', async () => {
  const app = await RealtimeApp.start(
    { occupancyGraceMs: 0 },
    {
      providers: [
        SystemService,
        { provide: PlatformConfig, useValue: { systemIntervalMs: 100 } },
        { provide: HealthService, useValue: { check: async () => ({}) } },
      ],
    },
  );
  const system = app.app.get(SystemService);
  expect(system.isSampling).toBe(false);
  const admin = await app.connectAdmin();
  for (const again of [false, true]) {
    expect(await admin.ask({ type: 'subscribe', channel: 'system:metrics' })).toMatchObject({ type: 'subscribed' });
    expect(await admin.next('event')).toMatchObject({ channel: 'system:metrics', data: { connections: 1 } });
    expect([again, system.isSampling]).toEqual([again, true]);
    await admin.ask({ type: 'unsubscribe', channel: 'system:metrics' });
    await until(() => !system.isSampling);
  }
  await admin.close();
  await app.close();
});
