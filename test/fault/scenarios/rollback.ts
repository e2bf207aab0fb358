import { SingleBackend } from '../backends/single.js';
import { scenario } from './scenario.js';
import type { World } from '../world.js';

/**
 * Redis acknowledges events, dies, and restarts without them. Meanwhile some clients are disconnected and one instance
 * is isolated, all at positions before the lost events.
 * @param mark records the current state of Redis @param restore restarts Redis with that state
 */
async function rollBack<M>(
  world: World<SingleBackend>,
  mark: (world: World<SingleBackend>) => Promise<M>,
  restore: (world: World<SingleBackend>, mark: M) => Promise<void>,
): Promise<void> {
  const { random } = world;
  const line = random.pick(world.backend.lines);
  const comeBack = world.sendAway();
  await world.fault('rolled back', async () => {
    line.set('refuse');
    line.cut();
    const marked = await mark(world);
    await world.calm(random.between(200, 800));
    await restore(world, marked);
    // Sometimes the others receive events before the isolated instance reconnects.
    await world.calm(random.pick([0, 300]));
    line.set('pass');
    comeBack();
  });
}

/** The append-only file lacks the last events. */
export const rollbackAof = scenario<SingleBackend>({
  name: 'rollback-aof',
  redisMayLose: true,
  backend: (instances, random) => SingleBackend.start(instances, random, ['appendonly yes', 'appendfsync always']),
  round: (world) =>
    rollBack(
      world,
      ({ backend }) => backend.node.appendOnlyFile(),
      ({ backend }, file) => backend.node.restartTruncated(file),
    ),
});

/** Redis restarts with its last snapshot. */
export const rollbackRdb = scenario<SingleBackend>({
  name: 'rollback-rdb',
  redisMayLose: true,
  backend: (instances, random) => SingleBackend.start(instances, random),
  round: (world) =>
    rollBack(
      world,
      ({ backend }) => backend.node.command('SAVE'),
      ({ backend }) => backend.node.restart(),
    ),
});
