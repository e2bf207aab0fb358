import { SingleBackend } from '../backends/single.js';
import { scenario, type Scenario } from './scenario.js';

/**
 * Number of changes of Redis's reply in each round. The first round has the most, so that a short run covers them too.
 */
const TIMES = [20, 1, 5];

/** Redis is up but replies "not now" for a while, repeatedly: the order of events must hold. */
function notNow(
  name: string,
  on: readonly [string, string | number],
  off: readonly [string, string | number],
): Scenario {
  return scenario<SingleBackend>({
    name,
    redisMayLose: false,
    backend: (instances, random) => SingleBackend.start(instances, random),
    async round(world) {
      const { node, lines } = world.backend;
      await world.fault(name, async () => {
        const times = TIMES[world.log.faults.length % TIMES.length]!;
        for (let count = 0; count < times; count += 1) {
          // Events emitted while the reply is in flight find a Redis that accepts them: they must not overtake.
          const isHeld = count % 2 === 0;
          if (isHeld) for (const line of lines) line.set('holdReplies');
          await node.command('CONFIG', 'SET', ...on);
          await world.calm(world.random.between(5, (isHeld ? 1_000 : 2_000) / times));
          await node.command('CONFIG', 'SET', ...off);
          await world.calm(isHeld ? world.random.between(20, 200) : world.random.between(0, 20));
          for (const line of lines) line.set('pass');
        }
      });
    },
  });
}

/** Redis is out of memory. */
export const outOfMemory = notNow('out-of-memory', ['maxmemory', 1], ['maxmemory', 0]);

/** A replica connects and disconnects, and the master accepts no write without one. */
export const flappingReplica = notNow('flapping-replica', ['min-replicas-to-write', 1], ['min-replicas-to-write', 0]);

/** Redis pauses every writing client, as during a failover. */
export const clientPause = scenario<SingleBackend>({
  name: 'client-pause',
  redisMayLose: false,
  backend: (instances, random) => SingleBackend.start(instances, random),
  async round(world) {
    await world.fault('CLIENT PAUSE', async () => {
      const milliseconds = Math.round(world.random.between(200, 4_000));
      await world.backend.node.command('CLIENT', 'PAUSE', milliseconds, world.random.pick(['WRITE', 'ALL']));
      await world.calm(milliseconds);
    });
  },
});
