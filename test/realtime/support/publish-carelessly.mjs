// A command-line program without HTTP: publishes, ignores rejections, and exits by itself.
import { NestFactory } from '@nestjs/core';
import { EventsPublisher, RealtimeModule } from '../../../dist/realtime/index.js';

const [secret] = process.argv.slice(2);

class RootModule {}

const root = { module: RootModule, imports: [RealtimeModule.forRoot({ jwt: { secret } })] };
const app = await NestFactory.createApplicationContext(root, { logger: ['warn', 'error'] });
const events = app.get(EventsPublisher);

events.publish('nobody:knows', {});
events.emit('apps:created', undefined);
events.emit('apps:created', { big: 1n });
events.emitToUser('', {});
events.emit(undefined, {});
events.emitToUser(Symbol('u1'), {});
events.emit(Symbol('x'), {});
events.emit('apps:created', Promise.resolve({}));
events.emit('apps:created', {}, 'key');
events.emit('apps:created', {}, { idempotencyKey: 5 });
events.emitMany();
events.emitMany([null]);
events.emitMany([
  { channel: 'apps:created', data: {} },
  { channel: 'nobody:knows', data: {} },
]);

const { id } = await events.emit('apps:created', { id: '1', name: 'one' });
process.stdout.write(`published ${id}\n`);
await new Promise(setImmediate);
await app.close();
events.emit('apps:created', { id: '2', name: 'after the end' });
await new Promise(setImmediate);
process.stdout.write('alive\n');
