import { ClusterBackend } from '../backends/cluster.js';
import { ReplicatedBackend } from '../backends/replicated.js';
import { SentinelBackend } from '../backends/sentinel.js';
import { CHANNELS } from '../channels.js';
import { LIVE_WITHIN_MS, scenario } from './scenario.js';

/** A lagging replica becomes the master: the missing events are lost, although they were acknowledged. */
export const promotion = scenario<ReplicatedBackend>({
  name: 'promotion',
  redisMayLose: true,
  backend: (instances, random) => ReplicatedBackend.start(instances, random),
  async round(world) {
    // Their positions are before the events that only the old master has.
    const comeBack = world.sendAway();
    await world.backend.lag(world.random.between(100, 800));
    await world.fault('promotion', () => world.backend.promote());
    comeBack();
    await world.backend.restore();
  },
});

/** The master and its replica swap roles behind a fixed address, and old connections stay open. */
export const failoverKept = scenario<ReplicatedBackend>({
  name: 'failover-kept',
  redisMayLose: true,
  backend: (instances, random) => ReplicatedBackend.start(instances, random),
  async round(world) {
    await world.fault('failover', () => world.backend.swap());
    // Another failover would turn the old master of a stale connection into a master again.
    await world.untilLive(LIVE_WITHIN_MS);
  },
});

/** The Sentinels perform a failover. */
export const sentinel = scenario<SentinelBackend>({
  name: 'sentinel',
  redisMayLose: true,
  backend: () => SentinelBackend.start(),
  async round(world) {
    let dead: Awaited<ReturnType<SentinelBackend['failOver']>> | undefined;
    await world.fault('failover', async () => {
      dead = await world.backend.failOver();
    });
    await world.calm(world.random.between(0, 3000));
    await world.backend.restore(dead!);
  },
});

/** The owner of a channel's slot dies, and its replica takes over. */
export const cluster = scenario<ClusterBackend>({
  name: 'cluster',
  redisMayLose: true,
  backend: () => ClusterBackend.start(),
  async round(world) {
    let dead: Awaited<ReturnType<ClusterBackend['killOwnerOf']>> | undefined;
    await world.fault('owner killed', async () => {
      dead = await world.backend.killOwnerOf(world.random.pick(CHANNELS));
    });
    await world.calm(world.random.between(0, 3000));
    await world.backend.restore(dead!);
  },
});
