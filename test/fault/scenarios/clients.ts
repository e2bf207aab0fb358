import { SingleBackend } from '../backends/single.js';
import { scenario } from './scenario.js';

/** The connection of a client breaks within a frame. */
export const clientCut = scenario<SingleBackend>({
  name: 'client-cut',
  redisMayLose: false,
  options: { clientLines: true },
  backend: (instances, random) => SingleBackend.start(instances, random),
  async round(world) {
    await world.fault('clients cut', async () => {
      for (const line of world.clientLines) {
        if (world.random.chance(0.7)) line.cutInTheMiddle();
        else line.cut();
      }
      await world.calm(300);
    });
  },
});

/** Some clients stop reading: their buffers are bounded, they are closed with 4501, and they resume. */
export const slowConsumer = scenario<SingleBackend>({
  name: 'slow-consumer',
  redisMayLose: false,
  options: {
    rate: 120,
    // Four of them fit into one request, for which Express accepts 100 kB. The system buffers hold megabytes.
    ballast: 22_000,
    stayers: 3,
    wanderers: 2,
    env: {
      REALTIME_MAX_BUFFERED_BYTES: '65536',
      REALTIME_CLOSE_TIMEOUT_MS: '1000',
      REALTIME_RECOVERY_MAX_BYTES: '8000000',
    },
    dozers: { count: 5, habits: { stayMs: [9_000, 14_000], dozes: { chance: 1, forMs: [2_000, 9_000] } } },
  },
  backend: (instances, random) => SingleBackend.start(instances, random),
  round: (world) => world.fault('slow reading', () => world.calm(1000)),
});

/** Twenty times the rate for a while. */
export const storm = scenario<SingleBackend>({
  name: 'storm',
  redisMayLose: false,
  backend: (instances, random) => SingleBackend.start(instances, random),
  async round(world) {
    await world.fault('storm', async () => {
      world.pace.burst = 26; // instead of 1.3 events per request
      await world.calm(world.random.between(1000, 2000));
      world.pace.burst = 1;
    });
  },
});
