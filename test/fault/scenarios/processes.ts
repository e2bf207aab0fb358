import { SingleBackend } from '../backends/single.js';
import { scenario } from './scenario.js';

/** An instance dies without a word, and comes back after a while. */
export const sigkill = scenario<SingleBackend>({
  name: 'sigkill',
  redisMayLose: false,
  backend: (instances, random) => SingleBackend.start(instances, random),
  async round(world) {
    const instance = world.random.pick(world.instances);
    await world.fault('SIGKILL', async () => {
      await instance.kill();
      await world.calm(world.random.between(0, 1500));
      await instance.start();
    });
  },
});

/** An instance stands still, with all its lines open, and goes on as if nothing had been. */
export const sigstop = scenario<SingleBackend>({
  name: 'sigstop',
  redisMayLose: false,
  backend: (instances, random) => SingleBackend.start(instances, random),
  async round(world) {
    const instance = world.random.pick(world.instances);
    await world.fault('SIGSTOP', async () => {
      instance.freeze();
      await world.calm(world.random.between(500, 5000));
      instance.thaw();
    });
  },
});
