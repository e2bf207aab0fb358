import { Logger, Module, type WebSocketAdapter } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { OtherGateway } from '../../../test/realtime/support/other-gateways.js';
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

  it('serves its path though the application has chosen an adapter, which serves the other gateways', async () => {
    const imports = [RealtimeModule.forRoot({ jwt: { secret: TEST_SECRET } })];
    const module = { module: RootModule, imports, providers: [OtherGateway] };
    const app = await NestFactory.create(module, { logger: false, abortOnError: false });
    const created: unknown[] = [];
    const nothing = (): void => undefined;
    const chosen = {
      bindClientConnect: nothing,
      bindClientDisconnect: nothing,
      bindMessageHandlers: nothing,
      close: nothing,
    };
    app.useWebSocketAdapter({ ...chosen, create: (...given: unknown[]) => created.push(given) } as WebSocketAdapter);
    await app.init();
    expect(app.get(RealtimeServer).isAttached).toBe(true);
    expect(created).toEqual([[0, expect.objectContaining({ path: '/other' })]]);
    await app.close();
  });

  it('does not start if it is imported twice', async () => {
    const imports = ['/a', '/b'].map((path) => RealtimeModule.forRoot({ path, jwt: { secret: TEST_SECRET } }));
    const starting = NestFactory.create({ module: RootModule, imports }, { logger: false, abortOnError: false });
    await expect(starting.then((app) => app.init())).rejects.toThrow('forRoot is imported 2 times');
  });
});
