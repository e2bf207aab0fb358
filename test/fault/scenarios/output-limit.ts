import { SingleBackend } from '../backends/single.js';
import { CHANNELS } from '../channels.js';
import type { EmitRecord } from '../log.js';
import { scenario } from './scenario.js';

const LIMIT_BYTES = 1_048_576;
/** Approximate size of each event, in bytes. */
const BALLAST = 10_000;
/** Maximum duration in milliseconds: an emit of the isolated instance waits 10 s. */
const MOST_MS = 9_000;

/**
 * An instance is isolated while megabytes of events are published on each channel. The gap of each channel exceeds the
 * output buffer limit of Redis for a subscriber, and all channels read their gaps at the same time.
 */
export const outputLimit = scenario<SingleBackend>({
  name: 'output-limit',
  redisMayLose: false,
  options: {
    rate: 200,
    ballast: BALLAST,
    stayers: 3,
    wanderers: 3,
    env: {
      REALTIME_HISTORY_SIZE: '5000',
      REALTIME_RECOVERY_MAX_EVENTS: '5000',
      REALTIME_RECOVERY_MAX_BYTES: '8000000',
    },
  },
  backend: (instances, random) =>
    SingleBackend.start(instances, random, [`client-output-buffer-limit pubsub ${LIMIT_BYTES} ${LIMIT_BYTES / 2} 5`]),
  async round(world) {
    const line = world.random.pick(world.backend.lines);
    await world.fault('cut', async () => {
      const from = performance.now();
      world.pace.burst = 4;
      line.set('refuse');
      line.cut();
      do await world.calm(500);
      while (!isLarge(world.log.emits, from) && performance.now() < from + MOST_MS);
      line.set('pass');
      world.pace.burst = 1;
    });
  },
});

/** Returns true if the gap of each channel is larger than the output limit. */
function isLarge(emits: readonly EmitRecord[], from: number): boolean {
  const acknowledged = emits.filter(({ outcome, startedAt }) => outcome === 'acknowledged' && startedAt >= from);
  const gaps = CHANNELS.map((name) => BALLAST * acknowledged.filter(({ channel }) => channel === name).length);
  return Math.min(...gaps) > 1.2 * LIMIT_BYTES;
}
