import { ClockedBackend } from '../backends/clocked.js';
import { scenario } from './scenario.js';

/** An emit waits for 10 s: after a longer stall it is rejected, and must not be published by what was held. */
const STALL_MS = [11_000, 13_000] as const;
/** An instance asks Redis for its time every 2 s. */
const MEASURED_MS = 3_000;

/**
 * The clock of an instance, or of Redis, is set, and then the line of that instance stalls.
 * @param steps by how many seconds the clock is set, one after the other
 */
function clockStep(name: string, whose: 'instance' | 'redis', steps: readonly number[]) {
  return scenario<ClockedBackend>({
    name,
    redisMayLose: false,
    // What is on its way when the clock of Redis is put forward is too late at once.
    rejectsAtOnce: whose === 'redis',
    backend: (instances, random) => ClockedBackend.start(instances, random),
    async round(world) {
      const { random, backend } = world;
      const index = random.pick(backend.lines.map((_line, at) => at));
      const line = backend.lines[index]!;
      const clock = whose === 'redis' ? backend.clock : backend.clocks[index]!;
      await world.fault(name, async () => {
        await clock.set(steps[world.log.faults.length % steps.length]!);
        // Redis has no other clock: until an instance has asked for it again, deadlines are those of the old time.
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

/** The time of an instance's system is set while it runs. */
export const clockOfInstance = clockStep('clock-of-instance', 'instance', [3_600, -3_600, -30, 30]);

/** The time of Redis's system is set. A step of more than the history's TTL would let histories expire, too. */
export const clockOfRedis = clockStep('clock-of-redis', 'redis', [-60, 60, -20, 20]);

/** Control run: the same without a step. */
export const clockUntouched = clockStep('clock-untouched', 'instance', [0]);
