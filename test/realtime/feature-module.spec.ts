import { jest } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { EventsPublisher, RealtimeModule } from '../../src/realtime/index.js';
import { withDefaults } from './support/realtime-app.js';

@Injectable()
class OrdersService {
  constructor(readonly events: EventsPublisher) {}
}

@Module({
  imports: [RealtimeModule.forFeature([{ name: 'orders:paid', access: 'public' }])],
  providers: [OrdersService],
  exports: [OrdersService],
})
class OrdersModule {}

@Module({ providers: [OrdersService] })
class OtherModule {}

const compiled = (isGlobal: boolean, ...modules: (typeof OrdersModule)[]) =>
  Test.createTestingModule({
    imports: [RealtimeModule.forRoot({ ...withDefaults({}), isGlobal }), ...modules],
  }).compile();

describe('a feature module', () => {
  it.each([true, false])(
    'injects the one EventsPublisher if it has forFeature, with isGlobal: %s',
    async (isGlobal) => {
      const tested = await compiled(isGlobal, OrdersModule);
      const app = await tested.createNestApplication().init();
      expect(tested.get(OrdersService).events).toBeInstanceOf(EventsPublisher);
      const [first, ...others] = await tested.resolve(EventsPublisher, undefined, { each: true, strict: false });
      expect(tested.get(OrdersService).events).toBe(first);
      expect(others.every((publisher) => publisher === first)).toBe(true);
      await expect(tested.get(OrdersService).events.publish('orders:paid', {})).resolves.toMatchObject({
        channel: 'orders:paid',
      });
      await app.close();
    },
  );

  it('injects it without forFeature only if the module is global', async () => {
    await expect(compiled(false, OtherModule)).rejects.toThrow("can't resolve dependencies of the OrdersService");
    await (await compiled(true, OtherModule)).close();
  });

  it('does not start if forRoot is nowhere, and the error names forRoot', async () => {
    const tested = Test.createTestingModule({ imports: [OrdersModule] });
    await expect(tested.compile()).rejects.toThrow('EventsPublisher of RealtimeModule.forRoot');
  });

  it('runs each hook of the publisher once', async () => {
    const closed = jest.spyOn(EventsPublisher.prototype, 'onApplicationShutdown');
    const tested = await compiled(false, OrdersModule);
    await (await tested.createNestApplication().init()).close();
    expect(closed).toHaveBeenCalledTimes(1);
    closed.mockRestore();
  });
});
