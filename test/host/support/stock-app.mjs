// A stock Nest application with shutdown hooks and no other option: Nest closes no keep-alive connections.
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { RealtimeModule, RealtimeServer } from '../../../dist/realtime/index.js';

const [adapter, options] = process.argv.slice(2);

class OrdersController {
  orders() {
    return ['first'];
  }

  /** Answers when the process receives SIGWINCH. */
  slow() {
    process.stdout.write('slow\n');
    return new Promise((resolve) => process.once('SIGWINCH', () => resolve(['late'])));
  }
}
const { prototype } = OrdersController;
for (const name of ['orders', 'slow']) Get(name)(prototype, name, Object.getOwnPropertyDescriptor(prototype, name));
Controller()(OrdersController);

class AppModule {}
Module({ imports: [RealtimeModule.forRoot(JSON.parse(options))], controllers: [OrdersController] })(AppModule);

const http = adapter === 'fastify' ? [new FastifyAdapter()] : [];
const app = await NestFactory.create(AppModule, ...http, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
process.once('SIGTERM', () => {
  const timer = setInterval(() => {
    if (!app.get(RealtimeServer).draining) return;
    process.stdout.write('draining\n');
    clearInterval(timer);
  }, 5);
});
process.stdout.write(`listening on ${app.getHttpServer().address().port}\n`);
