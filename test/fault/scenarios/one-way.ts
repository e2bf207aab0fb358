import { SingleBackend } from '../backends/single.js';
import type { Direction, ProxyMode } from '../proxy.js';
import { REDIS_ROLES, type RedisRole } from '../redis-role.js';
import type { World } from '../world.js';
import { scenario } from './scenario.js';

/** A connection that lost its peer is noticed within this time: a question every 2 s, and 2.5 s for its answer. */
const NOTICED_MS = 4_500;

/** One connection of an instance fails, or one direction of it, while its others go on. */
function failing(name: string, fail: (world: World<SingleBackend>, role: RedisRole) => Promise<void>) {
  return scenario<SingleBackend>({
    name,
    redisMayLose: false,
    backend: (instances, random) => SingleBackend.start(instances, random),
    async round(world) {
      const role = world.random.pick(REDIS_ROLES);
      await world.fault(`${name} ${role}`, () => fail(world, role));
      await world.calm(NOTICED_MS); // the next one is another fault
    },
  });
}

/** The publishing, the subscribing or the reading connection is refused, held, or without its answers. */
export const oneRole = failing('one-role', async (world, role) => {
  const { backend, random } = world;
  const line = random.pick(backend.lines);
  const mode = random.pick(['refuse', 'blackHole', 'dropReplies'] as const);
  line.set(mode, role);
  if (mode === 'refuse') line.cut(role);
  await world.calm(random.between(500, 5_000));
  if (mode === 'dropReplies') line.cut(role);
  line.set('pass');
});

/**
 * What goes one way is held for a while, as by a router that lost its way; or the connection that stands loses it for good, as
 * behind a firewall that forgot it.
 */
export const oneDirection = failing('one-direction', async (world, role) => {
  const { backend, random } = world;
  const line = random.pick(backend.lines);
  const only = random.chance(0.3) ? null : role;
  const direction: Direction = random.pick(['requests', 'replies'] as const);
  if (random.chance(0.5)) {
    line.lose(direction, only);
    return world.calm(random.between(0, 500));
  }
  const mode: ProxyMode = direction === 'requests' ? 'holdRequests' : 'holdReplies';
  line.set(mode, only);
  await world.calm(random.between(500, 5_000));
  line.set('pass');
});
