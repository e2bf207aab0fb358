// An application with only the built module, because the platform takes more than twice as long to start. Its options
// come from the environment, as for the platform. `Build` bundles it.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import {
  EventsPublisher,
  LiveResource,
  LiveResources,
  realtimeOptionsFromEnv,
  RealtimeHealth,
  RealtimeModule,
  RealtimeStreams,
  remove,
} from 'nestjs-realtime';

class BoardDto {}

/** Loads boards from the process that runs the suite: they survive every fault of instances and of Redis. */
class Boards {
  async load({ channel, signal }) {
    const response = await fetch(`${process.env.FAULT_TRUTH}/${channel}`, { signal });
    if (!response.ok) throw new Error(`The truth answered ${response.status}`);
    return response.json();
  }
}
LiveResource('boards:{name}', {
  ...{ data: BoardDto, access: 'authenticated' },
  ...{ ttlMs: 10_000, loadTimeoutMs: 3_000 },
})(Boards);

class RootModule {}

const cancel = 'authenticated';
const options = {
  channels: [
    { name: 'users:online', presence: true, history: false },
    { name: 'logs:{name}', access: 'authenticated', stream: { cancel } },
    { name: 'tails:{name}', access: 'authenticated', stream: { cancel, maxBytes: 4_096 } },
  ],
  ...realtimeOptionsFromEnv(process.env),
  jwt: { secret: process.env.JWT_SECRET },
};
const root = { module: RootModule, imports: [RealtimeModule.forRoot(options)], providers: [Boards] };

const app = await NestFactory.create(root, { logger: ['error', 'warn'] });
const http = app.getHttpAdapter();
const health = app.get(RealtimeHealth);
http.get('/health/ready', (_request, response) => {
  const report = health.check();
  response.statusCode = report.status === 'ok' ? 200 : 503;
  response.end(JSON.stringify(report));
});

/** Adds a route that receives JSON. */
function post(path, take) {
  http.post(path, (request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.once('end', () => take(JSON.parse(Buffer.concat(chunks)), response));
  });
}

// Emits in the order of requests on a connection. POST /realtime/events does not guarantee an order between two
// requests.
const events = app.get(EventsPublisher);
post('/emit', ({ channel, data }, response) => {
  const answer = (status, body) => response.status(status).json(body);
  events.publish(channel, data).then(
    (emitted) => answer(201, emitted),
    ({ message, mayBePublished }) => answer(503, { message, mayBePublished }),
  );
});

const live = app.get(LiveResources);
const changes = {
  patch: (channel, { partial, removed }) => {
    const cards = { ...partial.cards, ...Object.fromEntries(removed.map((name) => [name, remove()])) };
    return live.patch(channel, { ...partial, cards });
  },
  set: (channel, state) => live.set(channel, state),
  invalidate: (channel) => live.invalidate(channel),
};
post('/change', ({ how, channel, data }, response) => {
  changes[how](channel, data).then(
    () => response.status(201).json({}),
    ({ message }) => response.status(503).json({ message }),
  );
});

const streams = app.get(RealtimeStreams);
let isHurried = false;
post('/hurry', (_body, response) => {
  isHurried = true;
  response.status(201).json({});
});
/** Writes a text to a stream, and answers with a line for everything that is acknowledged. */
post('/write', async ({ channel, text, size, pauseMs, resume, fails }, response) => {
  const say = (line) => response.write(`${JSON.stringify(line)}\n`);
  response.status(200);
  try {
    const writer = await streams.open(channel, { resume, joinMs: 5 });
    say({ opened: writer.id, length: writer.length });
    for (let at = 0; at < text.length; at += size) {
      await writer.write(text.slice(at, at + size));
      if ((at / size) % 4 === 3) {
        await writer.flush();
        say({ stored: writer.length });
      }
      if (!isHurried) await new Promise((resolve) => void setTimeout(resolve, Math.random() * 2 * pauseMs));
    }
    if (text.length % 2 === 0) await writer.flush(); // the end comes without text
    const state = fails ? await writer.fail('as asked') : await writer.end({ units: text.length });
    say({ ended: state, length: writer.length, reason: writer.signal.reason?.reason });
  } catch ({ name, state, reason, message }) {
    say(name === 'StreamEndedError' ? { ended: state, reason } : { refused: message });
  }
  response.end();
});
app.enableShutdownHooks();
await app.listen(Number(process.env.PORT), process.env.HOST);
