// An instance of the built module whose hooks write a line for each call: `hook {"event",…}`.
import { NestFactory } from '@nestjs/core';
import { pathToFileURL } from 'node:url';

const { dist, options, lease, mutant } = JSON.parse(process.argv[2]);
const load = (file) => import(pathToFileURL(`${dist}/realtime/${file}`).href);
const { RealtimeModule, OnRealtime } = await load('index.js');
const { Lease } = await load('cluster/instances/lease.js');
const { OccupancyKeeper } = await load('occupancy/occupancy-keeper.js');
const { Announcer } = await load('occupancy/announcer.js');

const MUTANTS = {
  /** No instance takes over the keys of a dead one. */
  'no-sweep': () => void (OccupancyKeeper.prototype.sweep = async () => undefined),
  /** Each instance announces for itself, without claiming. */
  'no-claim': () => {
    Announcer.prototype.replace = async function (_key, _expected, state, sequence) {
      return { state, sequence: sequence ?? Date.now() * 1_000, owner: this.instance };
    };
  },
  /** Counts that Redis lost are not stored again. */
  'no-second-write': () => void (OccupancyKeeper.prototype.storeAgain = () => undefined),
};
MUTANTS[mutant]?.();

const write = (event, payload) =>
  process.stdout.write(`hook ${JSON.stringify({ event, at: Date.now(), ...payload })}\n`);

class Hooks {}
for (const event of ['occupied', 'vacated', 'online', 'offline']) {
  Hooks.prototype[event] = (payload) => void write(event, payload);
  OnRealtime(event)(Hooks.prototype, event, Object.getOwnPropertyDescriptor(Hooks.prototype, event));
}

class RootModule {}

const root = { module: RootModule, imports: [RealtimeModule.forRoot(options)], providers: [Hooks] };
const app = await NestFactory.create(root, { logger: ['error', 'warn'] });
Object.assign(app.get(Lease), lease);
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
process.stdout.write(`listening on ${app.getHttpServer().address().port}\n`);
