import { SingleBackend } from '../backends/single.js';
import type { TcpProxy } from '../proxy.js';
import type { Random } from '../../support/random.js';
import { scenario } from './scenario.js';

const backend = (instances: number, random: Random) => SingleBackend.start(instances, random);

/** One line, or all of them. */
function some({ lines }: SingleBackend, random: Random): readonly TcpProxy[] {
  return random.chance(0.3) ? lines : [random.pick(lines)];
}

/** The line between an instance and Redis is cut, and for a while nobody answers there. */
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

/** Redis does what it is asked, and the answers are lost with the line. */
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

/** The line stands, and nothing comes through. */
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
    const lines = some(world.backend, world.random);
    await world.fault('outage', async () => {
      // What is asked just before is either carried out, and its reply is lost, or held until everybody has given it up.
      if (world.random.chance(0.5)) {
        for (const line of lines) line.set('dropReplies');
        await world.calm(world.random.between(20, 200));
      }
      const mode = world.random.pick(['refuse', 'blackHole'] as const);
      for (const line of lines) {
        if (mode === 'refuse') line.cut();
        line.set(mode);
      }
      await world.calm(world.random.between(10_000, 13_000));
      for (const line of lines) line.set('pass');
    });
  },
});
