import { SingleBackend } from '../backends/single.js';
import { CHANNELS } from '../channels.js';
import { scenario } from './scenario.js';

/** Redis pauses its clients while all data, or a part of a channel's log, is deleted, several times in a row. */
export const pausedAndDeleted = scenario<SingleBackend>({
  name: 'paused-and-deleted',
  redisMayLose: true,
  backend: (instances, random) => SingleBackend.start(instances, random),
  async round(world) {
    const { random } = world;
    const { node } = world.backend;
    const comeBack = world.sendAway();
    await world.fault('paused and deleted', async () => {
      const times = random.pick([2, 3, 5]);
      for (let count = 0; count < times; count += 1) {
        const channel = random.pick(CHANNELS);
        const [meta, history] = [`rt:m:{${channel}}`, `rt:h:{${channel}}`];
        const deletion = random.pick([['FLUSHALL'], ['DEL', meta], ['DEL', history], ['DEL', meta, history]]);
        const milliseconds = Math.round(random.between(100, 1_500));
        // The pause also holds the write of another client: the deletion happens before it, or together with the held
        // writes.
        const first = random.chance(0.5);
        if (first) await node.command(deletion[0]!, ...deletion.slice(1));
        await node.command('CLIENT', 'PAUSE', milliseconds, random.pick(['WRITE', 'ALL']));
        if (!first) await node.command(deletion[0]!, ...deletion.slice(1));
        await world.calm(random.between(0, milliseconds));
        if (random.chance(0.3)) await node.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
      }
      comeBack();
    });
  },
});
