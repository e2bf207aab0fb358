import { SingleBackend } from '../backends/single.js';
import type { Direction } from '../proxy.js';
import type { RedisRole } from '../redis-role.js';
import type { World } from '../world.js';
import { scenario } from './scenario.js';

/** Time to detect a dead connection, in milliseconds: a check every 2 s, and 2.5 s for its reply. */
const NOTICED_MS = 4_500;
const ROLES: readonly RedisRole[] = ['subscribe', 'publish', 'read'];

/**
 * One connection of an instance fails, or one direction of it, while its others work. Each round runs the next case.
 */
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
      await world.calm(NOTICED_MS); // wait before the next fault
    },
  });
}

/** The subscribing, publishing or reading connection is refused, held, or without replies. */
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
 * An open connection permanently loses data in one direction, as with a firewall that dropped its state; or the data is
 * held for a while, as with a rerouted network. `null`: all connections of an instance.
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
