import { SingleBackend } from '../backends/single.js';
import { scenario } from './scenario.js';

/**
 * An instance is cut off while thousands of events are published. What it missed is many times what Redis holds for a
 * subscriber before it closes the connection, and all channels read it at once.
 */
export const outputLimit = scenario<SingleBackend>({
  name: 'output-limit',
  redisMayLose: false,
  options: {
    rate: 200,
    ballast: 1_000,
    stayers: 3,
    wanderers: 3,
    env: {
      REALTIME_HISTORY_SIZE: '5000',
      REALTIME_RECOVERY_MAX_EVENTS: '5000',
      REALTIME_RECOVERY_MAX_BYTES: '8000000',
    },
  },
  backend: (instances, random) =>
    SingleBackend.start(instances, random, ['client-output-buffer-limit pubsub 1mb 512kb 5']),
  async round(world) {
    const line = world.random.pick(world.backend.lines);
    await world.fault('cut', async () => {
      world.pace.burst = 8;
      line.set('refuse');
      line.cut();
      await world.calm(world.random.between(3_000, 5_000));
      line.set('pass');
      world.pace.burst = 1;
    });
  },
});
