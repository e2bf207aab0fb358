import { SingleBackend } from '../backends/single.js';
import { scenario } from './scenario.js';

const comesBackWith = (appendfsync: 'always' | 'everysec') =>
  scenario<SingleBackend>({
    name: appendfsync === 'always' ? 'redis-aof' : 'redis-aof-everysec',
    redisMayLose: appendfsync === 'everysec',
    backend: (instances, random) =>
      SingleBackend.start(instances, random, ['appendonly yes', `appendfsync ${appendfsync}`]),
    async round(world) {
      await world.fault('Redis killed', async () => {
        await world.backend.node.kill();
        await world.calm(world.random.between(0, 2000));
        await world.backend.node.restart();
      });
    },
  });

/** Redis dies and comes back with what its append-only file holds: everything that it ever answered. */
export const aof = comesBackWith('always');

/** The same with a file that may be behind: where the disk is slow, Redis answers before it writes, for up to two seconds. */
export const aofEverySecond = comesBackWith('everysec');

/** Redis comes back with nothing. */
export const dataLost = scenario<SingleBackend>({
  name: 'redis-data-lost',
  redisMayLose: true,
  backend: (instances, random) => SingleBackend.start(instances, random),
  async round(world) {
    await world.fault('Redis emptied', async () => {
      await world.backend.node.kill();
      await world.calm(world.random.between(0, 2000));
      await world.backend.node.restartEmpty();
    });
  },
});

/** Redis throws out whoever subscribes, as it does with a subscriber whose buffer is full. */
export const pubsubKilled = scenario<SingleBackend>({
  name: 'pubsub-killed',
  redisMayLose: false,
  backend: (instances, random) => SingleBackend.start(instances, random),
  async round(world) {
    await world.fault('pub/sub killed', async () => {
      const kills = world.random.pick([1, 1, 4]);
      for (let count = 0; count < kills; count += 1) {
        await world.backend.node.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await world.calm(world.random.between(10, 200));
      }
    });
  },
});
