// Two workers of node:cluster that share a port, and no Redis.
import { NestFactory } from '@nestjs/core';
import cluster from 'node:cluster';
import { pathToFileURL } from 'node:url';

if (cluster.isPrimary) {
  for (let worker = 0; worker < 2; worker += 1) cluster.fork();
} else {
  const { dist, options } = JSON.parse(process.argv[2]);
  const { RealtimeModule } = await import(pathToFileURL(`${dist}/index.js`).href);
  const root = { module: class Root {}, imports: [RealtimeModule.forRoot(options)] };
  const app = await NestFactory.create(root, { logger: ['warn', 'error'] });
  await app.listen(0, '127.0.0.1');
  await app.close();
  cluster.worker.disconnect();
}
