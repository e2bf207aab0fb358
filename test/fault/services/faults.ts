import type { ServiceWorld } from './service-world.js';

const flush = (world: ServiceWorld): Promise<void> =>
  world.fault('FLUSHALL', async () => void (await world.backend.node.command('FLUSHALL')));

/** What can happen to instances and Redis; each is over when it resolves. */
export const SERVICE_FAULTS = {
  /** Nothing fails. */
  quiet: (world) => world.calm(4_000),

  /** An instance dies, and another process takes its place. */
  kill: (world) => world.replace(world.random.pick(world.instances), world.random.between(0, 1_000)),

  /** Redis dies and comes back with everything that it answered. */
  restart: (world) =>
    world.fault('Redis restarted', async () => {
      await world.backend.node.kill();
      await world.calm(world.random.between(0, 1_500));
      await world.backend.node.restart();
    }),

  /** Redis comes back with nothing. */
  empty: (world) => world.fault('Redis emptied', () => world.backend.node.restartEmpty()),

  flush,

  /** Redis forgets everything, and an instance that starts right after it knows only what the others know. */
  flushAndKill: (world) => world.replace(world.random.pick(world.instances), 0, () => flush(world)),

  /** The line between an instance and Redis is cut, and nothing gets through for a while. */
  cut: (world) =>
    world.fault('cut', async () => {
      const line = world.random.pick(world.backend.lines);
      line.set(world.random.pick(['refuse', 'blackHole'] as const));
      line.cut();
      await world.calm(world.random.between(500, 4_000));
      line.set('pass');
    }),

  /** An instance stands still with all of its connections open. */
  freeze: (world) =>
    world.fault('SIGSTOP', async () => {
      const instance = world.random.pick(world.instances);
      instance.freeze();
      await world.calm(world.random.between(500, 4_000));
      instance.thaw();
    }),
} as const satisfies Readonly<Record<string, (world: ServiceWorld) => Promise<void>>>;

export type ServiceFaultName = keyof typeof SERVICE_FAULTS;
