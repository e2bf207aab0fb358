// Serves the built module on a free port, with a given lease.
import { NestFactory } from '@nestjs/core';
import { pathToFileURL } from 'node:url';

const { dist, options, lease } = JSON.parse(process.argv[2]);
const { RealtimeModule } = await import(pathToFileURL(`${dist}/index.js`).href);
const { Lease } = await import(pathToFileURL(`${dist}/cluster/instances/lease.js`).href);

class RootModule {}

const root = { module: RootModule, imports: [RealtimeModule.forRoot(options)] };
const app = await NestFactory.create(root, { logger: ['error', 'warn'] });
Object.assign(app.get(Lease), lease);
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
process.stdout.write(`listening on ${app.getHttpServer().address().port}\n`);
