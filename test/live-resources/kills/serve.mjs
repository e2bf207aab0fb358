// An instance of the built module whose states are loaded from a database in another process: GET {database}/load?channel=&by=.
// POST /change { channel, patch }, POST /invalidate { channel }.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { Exclude, Expose, Type } from 'class-transformer';
import { pathToFileURL } from 'node:url';

const { dist, options, mutant, database, name, live } = JSON.parse(process.argv[2]);
const load = (file) => import(pathToFileURL(`${dist}/realtime/${file}`).href);
const { LiveResource, LiveResources, RealtimeModule, remove, replace } = await load('index.js');
const { LiveStates } = await load('live/live-states.js');
const { RedisStateStore } = await load('backends/redis/redis.state-store.js');
const { RecentFrames } = await load('delivery/recent-frames.js');
const { StateFields } = await load('channels/fields/state-fields.js');

const MUTANTS = {
  /** Every instance gets the right to load. */
  'no-lease': () => {
    let token = 1e15;
    RedisStateStore.prototype.claim = async (_topic, holder) => ({
      state: 'granted',
      right: { holder, token: token++ },
    });
  },
  /** The right to load of a killed instance stays for an hour. */
  'lease-stays': () => {
    const { claim } = RedisStateStore.prototype;
    RedisStateStore.prototype.claim = function (topic, holder, leaseMs) {
      return claim.call(this, topic, holder, leaseMs + 3_600_000);
    };
  },
  /** The position of the channel is read after the load. */
  'position-after-load': () => {
    const original = LiveStates.prototype.load;
    LiveStates.prototype.load = function (topic, resource, right) {
      const { parts } = this;
      let json;
      const page = async (...args) => {
        json = await parts.loaders.load(resource, topic);
        return parts.broker.page(...args);
      };
      const broker = { page, read: (...args) => parts.broker.read(...args) };
      const changed = { ...parts, broker, loaders: { load: async () => json } };
      return original.call(Object.create(this, { parts: { value: changed } }), topic, resource, right);
    };
  },
  /** A load that finds a change does not publish it. */
  'no-difference': () => {
    const original = LiveStates.prototype.load;
    LiveStates.prototype.load = function (...args) {
      const parts = { ...this.parts, publish: async () => undefined };
      return original.call(Object.create(this, { parts: { value: parts } }), ...args);
    };
  },
  /** Patches are sent with all fields. */
  'patch-leaks': () => void (StateFields.prototype.narrow = () => new Set()),
  /** States are sent with all fields. */
  'state-leaks': () => void (StateFields.prototype.cut = (state) => state),
  /** An event without a change is sent as it is. */
  'reload-sent': () => void (StateFields.prototype.isReload = () => false),
  /** A resume skips an event. */
  'resume-skips': () => {
    const { last } = RecentFrames.prototype;
    RecentFrames.prototype.last = function (...args) {
      return last.apply(this, args)?.slice(1) ?? null;
    };
  },
};
MUTANTS[mutant]?.();

class Card {}
Expose({ groups: ['admin'] })(Card.prototype, 'salary');
Exclude()(Card.prototype, 'hash');
class Board {}
Reflect.defineMetadata('design:type', Map, Board.prototype, 'cards');
Type(() => Card)(Board.prototype, 'cards');
Expose({ groups: ['admin'] })(Board.prototype, 'budget');
class Note {}

async function read({ channel, signal }) {
  const answer = await fetch(`${database}/load?channel=${channel}&by=${name}`, { signal });
  if (!answer.ok) throw new Error(`the database answers ${answer.status}`);
  return answer.json();
}
class Boards {
  load = read;
}
class Notes {
  load = read;
}
LiveResource('boards:{id}', { data: Board, access: 'public', ...live })(Boards);
LiveResource('notes:{id}', { data: Note, access: 'public', ...live })(Notes);

class RootModule {}
const module = { module: RootModule, imports: [RealtimeModule.forRoot(options)], providers: [Boards, Notes] };
const app = await NestFactory.create(module, { logger: false });
const resources = app.get(LiveResources);

/** Returns the partial change that makes a patch. */
function partialOf({ set = {}, remove: removed = [] }) {
  const partial = {};
  const put = (path, value) => {
    const names = path.split('/').slice(1);
    let inner = partial;
    for (const outer of names.slice(0, -1)) inner = inner[outer] ??= {};
    inner[names.at(-1)] = value;
  };
  for (const [path, value] of Object.entries(set)) put(path, replace(value));
  for (const path of removed) put(path, remove());
  return partial;
}

async function change({ channel, patch }) {
  if (patch?.set?.[''] !== undefined) await resources.set(channel, patch.set['']);
  else if (patch !== undefined) await resources.patch(channel, partialOf(patch));
  else await resources.invalidate(channel);
}

app.use('/change', (request, response) => {
  request.setEncoding('utf8');
  let body = '';
  request.on('data', (data) => (body += data));
  request.on('end', async () => {
    try {
      await change(JSON.parse(body));
      response.end();
    } catch (error) {
      response.statusCode = 503;
      response.end(String(error));
    }
  });
});
await app.listen(0, '127.0.0.1');
process.stdout.write(`listening on ${app.getHttpServer().address().port}\n`);
