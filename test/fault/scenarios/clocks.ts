import { ClockedBackend } from '../backends/clocked.js';
import { scenario } from './scenario.js';

/**
 * Stall in milliseconds. An emit waits 10 s: after a longer stall it is rejected, and must not be published from the
 * held data.
 */
const STALL_MS = [11_000, 13_000] as const;
/** Time for a clock measurement, in milliseconds. An instance reads the time of Redis every 2 s. */
const MEASURED_MS = 3_000;

/**
 * Sets the clock of an instance or of Redis, and then stalls the line of that instance.
 * @param steps offsets of the clock in seconds, one per round
 */
function clockStep(name: string, whose: 'instance' | 'redis', steps: readonly number[]) {
  return scenario<ClockedBackend>({
    name,
    redisMayLose: false,
    // Commands in flight when the clock of Redis jumps forward are too late at once.
    rejectsAtOnce: whose === 'redis',
    backend: (instances, random) => ClockedBackend.start(instances, random),
    async round(world) {
      const { random, backend } = world;
      const index = random.pick(backend.lines.map((_line, at) => at));
      const line = backend.lines[index]!;
      const clock = whose === 'redis' ? backend.clock : backend.clocks[index]!;
      await world.fault(name, async () => {
        await clock.set(steps[world.log.faults.length % steps.length]!);
        // Redis has only this clock: until an instance has read it again, deadlines use the old time.
        await world.calm(whose === 'redis' ? MEASURED_MS : random.between(0, 1_000));
        line.set('blackHole');
        await world.calm(random.between(...STALL_MS));
        line.set('pass');
        await clock.set(0);
        if (whose === 'redis') await world.calm(MEASURED_MS);
      });
    },
  });
}

/** The system clock of an instance changes while it runs. */
export const clockOfInstance = clockStep('clock-of-instance', 'instance', [3_600, -3_600, -30, 30]);

/** The system clock of Redis changes. A step larger than the history's TTL would also expire histories. */
export const clockOfRedis = clockStep('clock-of-redis', 'redis', [-60, 60, -20, 20]);

/** Control run without a clock change. */
export const clockUntouched = clockStep('clock-untouched', 'instance', [0]);
