// An application with only the built module, because the platform takes more than twice as long to start. Its options
// come from the environment, as for the platform. `Build` bundles it.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { EventsPublisher, realtimeOptionsFromEnv, RealtimeHealth, RealtimeModule } from 'nestjs-realtime';

class RootModule {}

const options = {
  channels: [{ name: 'users:online', presence: true, history: false }],
  ...realtimeOptionsFromEnv(process.env),
  jwt: { secret: process.env.JWT_SECRET },
};
const root = { module: RootModule, imports: [RealtimeModule.forRoot(options)] };

const app = await NestFactory.create(root, { logger: ['error', 'warn'] });
const health = app.get(RealtimeHealth);
app.getHttpAdapter().get('/health/ready', (_request, response) => {
  const report = health.check();
  response.statusCode = report.status === 'ok' ? 200 : 503;
  response.end(JSON.stringify(report));
});
// Emits in the order of requests on a connection. POST /realtime/events does not guarantee an order between two
// requests.
const events = app.get(EventsPublisher);
app.getHttpAdapter().post('/emit', (request, response) => {
  const chunks = [];
  const answer = (status, body) => response.status(status).json(body);
  request.on('data', (chunk) => chunks.push(chunk));
  request.once('end', () => {
    const { channel, data } = JSON.parse(Buffer.concat(chunks));
    events.publish(channel, data).then(
      (emitted) => answer(201, emitted),
      ({ message, mayBePublished }) => answer(503, { message, mayBePublished }),
    );
  });
});
app.enableShutdownHooks();
await app.listen(Number(process.env.PORT), process.env.HOST);
