import { SingleBackend } from '../backends/single.js';
import { scenario } from './scenario.js';

/** An instance is killed, and restarts after a while. */
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

/** An instance freezes with its connections open, and later continues. */
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
