import { SingleBackend } from '../backends/single.js';
import type { Direction } from '../proxy.js';
import type { RedisRole } from '../redis-role.js';
import type { World } from '../world.js';
import { scenario } from './scenario.js';

/** A connection that lost its peer is noticed within this time: a question every 2 s, and 2.5 s for its answer. */
const NOTICED_MS = 4_500;
const ROLES: readonly RedisRole[] = ['subscribe', 'publish', 'read'];

/** One connection of an instance fails, or one direction of it, while its others go on. Each round is the next of the cases. */
function failing<C extends object>(
  name: string,
  cases: readonly C[],
  fail: (world: World<SingleBackend>, one: C) => Promise<void>,
) {
  return scenario<SingleBackend>({
    name,
    redisMayLose: false,
    backend: (instances, random) => SingleBackend.start(instances, random),
    async round(world) {
      const one = cases[world.log.faults.length % cases.length]!;
      await world.fault(`${name} ${Object.values(one).join(' ')}`, () => fail(world, one));
      await world.calm(NOTICED_MS); // the next one is another fault
    },
  });
}

/** The subscribing, publishing or reading connection is refused, held, or without its answers. */
export const oneRole = failing(
  'one-role',
  (['refuse', 'dropReplies', 'blackHole'] as const).flatMap((mode) => ROLES.map((role) => ({ mode, role }))),
  async (world, { mode, role }) => {
    const { backend, random } = world;
    const line = random.pick(backend.lines);
    line.set(mode, role);
    if (mode === 'refuse') line.cut(role);
    await world.calm(random.between(500, 5_000));
    if (mode === 'dropReplies') line.cut(role);
    line.set('pass');
  },
);

const DIRECTIONS: readonly Direction[] = ['replies', 'requests'];

/**
 * The connection that stands loses for good what goes one way, as behind a firewall that forgot it; or that is held for a while, as by
 * a router that lost its way. `null`: all connections of an instance.
 */
export const oneDirection = failing(
  'one-direction',
  (['lost', 'held'] as const).flatMap((how) =>
    (['subscribe', 'publish', 'read', null] as const).flatMap((role) =>
      DIRECTIONS.map((direction) => ({ how, role, direction })),
    ),
  ),
  async (world, { how, role, direction }) => {
    const line = world.random.pick(world.backend.lines);
    if (how === 'lost') {
      line.lose(direction, role);
      return world.calm(world.random.between(0, 500));
    }
    line.set(direction === 'requests' ? 'holdRequests' : 'holdReplies', role);
    await world.calm(world.random.between(500, 5_000));
    line.set('pass');
  },
);
