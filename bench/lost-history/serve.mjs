// An instance of the built module with one live resource. POST /write changes fields of the state that it loads, POST /patch publishes
// such a change, GET /report returns the measurements since the report before.
import { IsString } from 'class-validator';
import { NestFactory } from '@nestjs/core';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';

const { dist, options, pattern, channel, state, port } = JSON.parse(process.argv[2]);
const { LiveResource, LiveResources, RealtimeModule } = await import(pathToFileURL(`${dist}/realtime/index.js`).href);

let loads = 0;
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();

class Large {}
IsString()(Large.prototype, 'name');

class LargeStates {
  load() {
    loads += 1;
    return Promise.resolve(state);
  }
}
LiveResource(pattern, { data: Large, access: 'public' })(LargeStates);

class RootModule {}
const root = { module: RootModule, imports: [RealtimeModule.forRoot(options)], providers: [LargeStates] };
const app = await NestFactory.create(root, { logger: ['error'] });

app.use('/report', (_request, response) => {
  const report = { loads, delayP99Ms: delay.percentile(99) / 1e6, delayMaxMs: delay.max / 1e6 };
  loads = 0;
  delay.reset();
  response.end(JSON.stringify(report));
});
/** Calls `handle` with the JSON of each request. */
function post(path, handle) {
  app.use(path, (request, response) => {
    request.setEncoding('utf8');
    let body = '';
    request.on('data', (data) => (body += data));
    request.on('end', async () => {
      try {
        await handle(JSON.parse(body));
      } catch (error) {
        response.statusCode = 503;
        response.write(error.message);
      }
      response.end();
    });
  });
}

post('/write', (partial) => Object.assign(state, partial));
post('/patch', (partial) => app.get(LiveResources).patch(channel, partial));
await app.listen(port, '127.0.0.1');
process.stdout.write(`listening on ${app.getHttpServer().address().port}\n`);
