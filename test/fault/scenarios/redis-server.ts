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

/** Redis dies and restarts with its append-only file, which contains everything that it acknowledged. */
export const aof = comesBackWith('always');

/** The same with a file that can be behind: on a slow disk, Redis replies up to two seconds before it writes. */
export const aofEverySecond = comesBackWith('everysec');

/** Redis restarts without data. */
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

/** Redis disconnects its subscribers, as it does with a subscriber whose buffer is full. */
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
