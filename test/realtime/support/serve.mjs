// Serves the built module on a free port. Prints the port, and when it begins to drain.
import { NestFactory } from '@nestjs/core';
import { writeSync } from 'node:fs';
import { RealtimeModule, RealtimeServer } from '../../../dist/realtime/index.js';

const [secret, options, port = '0'] = process.argv.slice(2);

class RootModule {}

const realtime = RealtimeModule.forRoot({ jwt: { secret }, ...JSON.parse(options) });
const root = { module: RootModule, imports: [realtime] };
const app = await NestFactory.create(root, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
await app.listen(Number(port), '127.0.0.1');
process.once('SIGTERM', () => {
  const timer = setInterval(() => {
    if (!app.get(RealtimeServer).draining) return;
    process.stdout.write('draining\n');
    clearInterval(timer);
  }, 5);
});
// Blocks the event loop for a second. (Nest handles SIGUSR2.)
process.on('SIGWINCH', () => {
  writeSync(1, 'blocking\n');
  const end = performance.now() + 1_000;
  while (performance.now() < end);
});
process.stdout.write(`listening on ${app.getHttpServer().address().port}\n`);
