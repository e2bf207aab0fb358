// An instance of the built module whose commands write a line when their handler starts: `ran <call id>`.
import { NestFactory } from '@nestjs/core';
import { pathToFileURL } from 'node:url';

const { dist, options, mutant } = JSON.parse(process.argv[2]);
const load = (file) => import(pathToFileURL(`${dist}/realtime/${file}`).href);
const { Call, Command, EventsPublisher, Input, RealtimeCommands, RealtimeModule } = await load('index.js');
const { RedisCallStore } = await load('backends/redis/redis.call-store.js');
const { RunningCall } = await load('commands/running-call.js');

const MUTANTS = {
  /** Each instance begins every call. */
  'no-store': () => void (RedisCallStore.prototype.begin = async () => ({ state: 'begun' })),
  /** A call whose instance was killed is started again. */
  'run-again': () => {
    const { begin } = RedisCallStore.prototype;
    RedisCallStore.prototype.begin = async function (...call) {
      const found = await begin.apply(this, call);
      return found.state === 'ended' && found.outcome === null ? { state: 'begun' } : found;
    };
  },
  /** Events are not collected. */
  'no-effects': () => void (RunningCall.prototype.emits = () => undefined),
};
MUTANTS[mutant]?.();

class CountCommands {
  constructor(events) {
    this.events = events;
  }

  /** Emits an event with the id of the call, in some calls after a pause in which the instance can be killed. */
  async add({ pauseMs }, { id }) {
    process.stdout.write(`ran ${id}\n`);
    if (pauseMs > 0) await new Promise((resolve) => void setTimeout(resolve, pauseMs));
    const { id: position } = await this.events.emit('counts:added', { call: id });
    return { call: id, position };
  }
}
Input()(CountCommands.prototype, 'add', 0);
Call()(CountCommands.prototype, 'add', 1);
const descriptor = Object.getOwnPropertyDescriptor(CountCommands.prototype, 'add');
Command('add', { perSecond: 1_000_000 })(CountCommands.prototype, 'add', descriptor);
RealtimeCommands()(CountCommands);
Reflect.defineMetadata('design:paramtypes', [EventsPublisher], CountCommands);

class RootModule {}

const root = { module: RootModule, imports: [RealtimeModule.forRoot(options)], providers: [CountCommands] };
const app = await NestFactory.create(root, { logger: ['error', 'warn'] });
await app.listen(0, '127.0.0.1');
process.stdout.write(`listening on ${app.getHttpServer().address().port}\n`);
