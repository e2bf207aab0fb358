import { SingleBackend } from '../backends/single.js';
import { CHANNELS } from '../channels.js';
import { scenario } from './scenario.js';

/** All data, or a part of a channel's log, is deleted in a running system. */
export const deleted = scenario<SingleBackend>({
  name: 'deleted',
  redisMayLose: true,
  backend: (instances, random) => SingleBackend.start(instances, random),
  async round(world) {
    const { node } = world.backend;
    const comeBack = world.sendAway();
    await world.fault('deleted', async () => {
      await world.calm(world.random.between(0, 300));
      const channel = world.random.pick(CHANNELS);
      const what = world.random.pick(['all', 'position', 'history', 'both'] as const);
      const keys = { position: [`rt:m:{${channel}}`], history: [`rt:h:{${channel}}`] };
      if (what === 'all') await node.command('FLUSHALL');
      else await node.command('DEL', ...(what === 'both' ? [...keys.position, ...keys.history] : keys[what]));
      await world.calm(world.random.between(0, 300));
      comeBack();
    });
  },
});
