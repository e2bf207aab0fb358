// An application that fails to start, as its author would write it: nothing closes it.
import { NestFactory } from '@nestjs/core';
import { createServer } from 'node:net';
import { pathToFileURL } from 'node:url';

const { dist, options, how } = JSON.parse(process.argv[2]);
const { RealtimeModule, EventsPublisher } = await import(pathToFileURL(`${dist}/index.js`).href);

const fail = () => {
  throw new Error(`failed: ${how}`);
};

class Failing {
  onModuleInit() {
    if (how === 'onModuleInit') fail();
  }
  onApplicationBootstrap() {
    if (how === 'onApplicationBootstrap') fail();
  }
}

const providers = [Failing, ...(how === 'factory' ? [{ provide: 'failing', useFactory: fail }] : [])];
const root = { module: class Root {}, imports: [RealtimeModule.forRoot(options)], providers };
try {
  if (how === 'script') {
    const context = await NestFactory.createApplicationContext(root, { logger: false, abortOnError: false });
    await context.get(EventsPublisher).emit('apps:created', { id: '1', name: 'one' });
    process.stdout.write('published\n');
    fail();
  }
  const app = await NestFactory.create(root, { logger: false, abortOnError: false });
  const taken = createServer();
  if (how === 'listen') await new Promise((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() ?? { port: 0 };
  taken.unref();
  await app.listen(port, '127.0.0.1');
} catch (error) {
  process.stdout.write(`${error.code ?? error.message}\n`);
}
