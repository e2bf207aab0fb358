import { ClusterBackend } from '../backends/cluster.js';
import { ALL_CHANNELS } from '../channels.js';
import type { EmitRecord } from '../log.js';
import type { World } from '../world.js';
import { scenario } from './scenario.js';

const options = {
  // One instance does not publish, so its own commands never reveal where a slot is.
  listening: 1,
  emitterPerChannel: true,
} as const;

/** Maximum median time of emits to other channels while one slot is in migration, in milliseconds. */
const OTHERS_WITHIN_MS = 400;
/** A reply for one slot must not stop other channels. */
const GIVEN_UP = /Redis \(publishing\) is unavailable: (?:TRYAGAIN|ASK)\b.*/;
/** Time before the migration for comparison, in milliseconds. */
const BEFORE_MS = 5_000;

/** A slot moves to another master with its keys. */
export const slotMoved = scenario<ClusterBackend>({
  name: 'slot-moved',
  redisMayLose: false,
  options,
  backend: () => ClusterBackend.start(),
  async round(world) {
    const channel = world.random.pick(ALL_CHANNELS);
    await world.fault(`slot of ${channel} moved`, () =>
      world.backend.migrate(channel, () => world.calm(world.random.between(0, 300))),
    );
  },
});

/** A slot stays in migration for some seconds, with keys on both nodes: other channels must continue. */
export const slotHeld = scenario<ClusterBackend>({
  name: 'slot-held',
  redisMayLose: false,
  options,
  backend: () => ClusterBackend.start(),
  async round(world) {
    const channel = world.random.pick(ALL_CHANNELS);
    await world.fault(`slot of ${channel} held`, async () => {
      await world.backend.migrate(channel, async () => {
        const from = performance.now();
        await world.calm(world.random.between(2_500, 5_000));
        for (const other of ALL_CHANNELS) if (other !== channel) lookAt(other, from, world);
      });
      for (const { name, output } of world.instances) {
        const refusal = GIVEN_UP.exec(output);
        if (refusal !== null)
          world.complaints.push(`${name} gave its connection up because of one slot: ${refusal[0]}`);
      }
    });
  },
});

/** Compares with the time before: on a busy machine every event takes longer, also without a migration. */
function lookAt(channel: string, from: number, { log, complaints }: World<ClusterBackend>): void {
  const before = medianWait(log.emits.filter(({ settledAt }) => settledAt < from && settledAt > from - BEFORE_MS));
  const during = medianWait(log.emits.filter((emit) => emit.channel === channel && emit.startedAt >= from));
  if (during < Infinity && during <= Math.max(OTHERS_WITHIN_MS, 3 * before)) return;
  complaints.push(
    `${channel} was blocked by a slot in migration: ${Math.round(during)} ms, before ${Math.round(before)} ms`,
  );
}

/** Returns Infinity without acknowledged emits. */
function medianWait(emits: readonly EmitRecord[]): number {
  const waits = emits
    .filter(({ outcome }) => outcome === 'acknowledged')
    .map(({ startedAt, settledAt }) => settledAt - startedAt)
    .toSorted((a, b) => a - b);
  return waits[Math.floor(waits.length / 2)] ?? Infinity;
}
