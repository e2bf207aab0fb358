// The built module in a separate process, which reports its resources to its parent. Run with --expose-gc.
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

/** Event for all clients, large enough to fill the send buffer of a client that does not read. */
let made = 0;
const publishing = [
  setInterval(() => void events.publish('apps:created', { id: String((made += 1)), name: 'soak' }), 500),
  setInterval(() => void events.publish('storage:updated', { id: String(made), name: 'x'.repeat(16_000) }), 100),
];

/** kind → number of resources that keep the process alive. */
function resources() {
  const kinds = {};
  for (const kind of process.getActiveResourcesInfo()) kinds[kind] = (kinds[kind] ?? 0) + 1;
  return kinds;
}

/** name → number of listeners, on the process and on the HTTP server. */
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
  // Two collections: a finalizer of the first one can release objects that only the second one frees.
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
