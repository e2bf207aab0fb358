// Applications that fail to start. Nothing closes them, as in a typical `main.ts`. They run one after the other, and the
// process ends only if none of them keeps it alive.
import { NestFactory } from '@nestjs/core';
import { createServer } from 'node:net';
import { pathToFileURL } from 'node:url';

const { dist, options, failures } = JSON.parse(process.argv[2]);
const { RealtimeModule, EventsPublisher } = await import(pathToFileURL(`${dist}/index.js`).href);

async function start(how) {
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
}

for (const how of failures) {
  process.stdout.write(`== ${how}\n`);
  try {
    await start(how);
  } catch (error) {
    process.stdout.write(`${error.code ?? error.message}\n`);
  }
}
