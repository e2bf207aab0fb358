import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TEST_SECRET } from '../../../test/support/jwt.js';
import { OfflineGateway } from '../../../test/support/offline-gateway.js';
import { RealtimeModule } from '../realtime.module.js';
import { RealtimeServer } from './realtime-server.js';

@Module({})
class RootModule {}

describe('the module', () => {
  afterEach(() => Logger.overrideLogger(true));

  it('serves another path, which gateways of the application can share', async () => {
    const gateway = await OfflineGateway.start({ path: '/live' });
    expect(gateway.app.get(RealtimeServer)).toMatchObject({ path: '/live', isAttached: true });
    const client = gateway.enter();
    expect(client.received()).toMatchObject([{ type: 'connected' }]);
    gateway.app.get(RealtimeServer).connections.end(client.connection, 1000);
    await gateway.close();
  });

  it('does not start if it is imported twice', async () => {
    const imports = ['/a', '/b'].map((path) => RealtimeModule.forRoot({ path, jwt: { secret: TEST_SECRET } }));
    const starting = NestFactory.create({ module: RootModule, imports }, { logger: false, abortOnError: false });
    await expect(starting.then((app) => app.init())).rejects.toThrow('forRoot is imported 2 times');
  });
});
