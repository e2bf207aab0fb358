// The built module in a process of its own, which tells its parent what it holds. Run with --expose-gc.
import { NestFactory } from '@nestjs/core';
import { ConnectionRegistry, EventsPublisher, RealtimeModule } from '../../dist/realtime/index.js';

const [secret] = process.argv.slice(2);

class RootModule {}

const realtime = RealtimeModule.forRoot({
  jwt: { secret },
  heartbeatIntervalMs: 10_000,
  maxConnectionsPerUser: 10_000,
  handshakesPerSecondPerUser: 10_000,
});
const app = await NestFactory.create({ module: RootModule, imports: [realtime] }, { logger: ['error'] });
await app.listen(0, '127.0.0.1');
const http = app.getHttpServer();
const registry = app.get(ConnectionRegistry);
const events = app.get(EventsPublisher);

/** What everybody reads, and what fills up those who do not. */
let made = 0;
const publishing = [
  setInterval(() => void events.publish('apps:created', { id: String((made += 1)), name: 'soak' }), 500),
  setInterval(() => void events.publish('storage:updated', { id: String(made), name: 'x'.repeat(16_000) }), 100),
];

/** kind → how many, of what keeps a process alive. */
function resources() {
  const kinds = {};
  for (const kind of process.getActiveResourcesInfo()) kinds[kind] = (kinds[kind] ?? 0) + 1;
  return kinds;
}

/** name → how many listen, on the process and on the HTTP server. */
function listeners() {
  const names = {};
  for (const [what, emitter] of Object.entries({ process, http })) {
    for (const name of emitter.eventNames()) names[`${what} ${String(name)}`] = emitter.listenerCount(name);
  }
  return names;
}

function sample() {
  const { rss, heapUsed, external } = process.memoryUsage();
  const { connections, subscriptions, channels, users, slowConsumersClosed, delivered } = registry.stats();
  const { user, system } = process.cpuUsage();
  const figures = { connections, subscriptions, channels, users, slowConsumersClosed, delivered };
  return { rss, heapUsed, external, cpuMs: (user + system) / 1000, ...figures };
}

process.on('message', (ask) => {
  if (ask === 'sample') process.send({ sample: sample() });
  // What is of use no more is let go of in two steps: a finalizer may free what the next collection takes.
  if (ask === 'rest') {
    globalThis.gc();
    setTimeout(() => {
      globalThis.gc();
      process.send({ rest: { ...sample(), resources: resources(), listeners: listeners() } });
    }, 500);
  }
});
process.once('disconnect', () => {
  for (const timer of publishing) clearInterval(timer);
  process.exit(0);
});
process.send({ port: http.address().port });
