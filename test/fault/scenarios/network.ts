import { SingleBackend } from '../backends/single.js';
import type { TcpProxy } from '../proxy.js';
import type { Random } from '../../support/random.js';
import { scenario } from './scenario.js';

const backend = (instances: number, random: Random) => SingleBackend.start(instances, random);

/** Selects one line or all lines. */
function some({ lines }: SingleBackend, random: Random): readonly TcpProxy[] {
  return random.chance(0.3) ? lines : [random.pick(lines)];
}

/** The connection between an instance and Redis is cut, and refused for a while. */
export const cuts = scenario<SingleBackend>({
  name: 'tcp-cuts',
  redisMayLose: false,
  backend,
  async round(world) {
    const lines = some(world.backend, world.random);
    await world.fault('cut', async () => {
      const times = world.random.pick([1, 1, 3]);
      for (let count = 0; count < times; count += 1) {
        const refuses = world.random.chance(0.5);
        for (const line of lines) {
          if (refuses) line.set('refuse');
          line.cut();
        }
        await world.calm(world.random.between(20, refuses ? 1500 : 300));
        for (const line of lines) line.set('pass');
      }
    });
  },
});

/** Redis executes commands, but the replies are lost with the connection. */
export const lostReplies = scenario<SingleBackend>({
  name: 'lost-replies',
  redisMayLose: false,
  backend,
  async round(world) {
    const lines = some(world.backend, world.random);
    await world.fault('lost replies', async () => {
      for (const line of lines) line.set('dropReplies');
      await world.calm(world.random.between(50, 600));
      for (const line of lines) {
        line.cut();
        line.set('pass');
      }
    });
  },
});

/** The connection stays open, but no data gets through. */
export const blackHole = scenario<SingleBackend>({
  name: 'black-hole',
  redisMayLose: false,
  backend,
  async round(world) {
    const lines = some(world.backend, world.random);
    await world.fault('black hole', async () => {
      for (const line of lines) line.set('blackHole');
      await world.calm(world.random.between(3000, 5000));
      for (const line of lines) line.set('pass');
    });
  },
});

/** Redis is unavailable for longer than an emit waits: emits are rejected, and must not be published when it is back. */
export const outage = scenario<SingleBackend>({
  name: 'outage',
  redisMayLose: false,
  backend,
  async round(world) {
    const { random } = world;
    // First only one line is held: a late event is only detectable if other instances continue to publish.
    const isFirst = world.log.faults.length === 0;
    const lines = isFirst ? [random.pick(world.backend.lines)] : some(world.backend, random);
    const mode = isFirst ? 'blackHole' : random.pick(['refuse', 'blackHole'] as const);
    await world.fault('outage', async () => {
      // A request sent just before is either executed without a reply, or held until its deadline has passed.
      if (!isFirst && random.chance(0.5)) {
        for (const line of lines) line.set('dropReplies');
        await world.calm(random.between(20, 200));
      }
      for (const line of lines) {
        if (mode === 'refuse') line.cut();
        line.set(mode);
      }
      await world.calm(random.between(11_000, 13_000));
      for (const line of lines) line.set('pass');
    });
  },
});
