import type { ServiceWorld } from './service-world.js';

const flush = (world: ServiceWorld): Promise<void> =>
  world.fault('FLUSHALL', async () => void (await world.backend.node.command('FLUSHALL')));

/** Faults of instances and Redis. Each one is over when it resolves. */
export const SERVICE_FAULTS = {
  /** Nothing fails. */
  quiet: (world) => world.calm(4_000),

  /** An instance dies, and another process replaces it. */
  kill: (world) => world.replace(world.random.pick(world.instances), world.random.between(0, 1_000)),

  /** Redis dies and restarts with everything that it acknowledged. */
  restart: (world) =>
    world.fault('Redis restarted', async () => {
      await world.backend.node.kill();
      await world.calm(world.random.between(0, 1_500));
      await world.backend.node.restart();
    }),

  /** Redis restarts without data. */
  empty: (world) => world.fault('Redis emptied', () => world.backend.node.restartEmpty()),

  flush,

  /** Redis loses all data, and a newly started instance knows only what the others know. */
  flushAndKill: (world) => world.replace(world.random.pick(world.instances), 0, () => flush(world)),

  /** The connection between an instance and Redis is cut, and no data gets through for a while. */
  cut: (world) =>
    world.fault('cut', async () => {
      const line = world.random.pick(world.backend.lines);
      line.set(world.random.pick(['refuse', 'blackHole'] as const));
      line.cut();
      await world.calm(world.random.between(500, 4_000));
      line.set('pass');
    }),

  /** An instance freezes with all of its connections open. */
  freeze: (world) =>
    world.fault('SIGSTOP', async () => {
      const instance = world.random.pick(world.instances);
      instance.freeze();
      await world.calm(world.random.between(500, 4_000));
      instance.thaw();
    }),
} as const satisfies Readonly<Record<string, (world: ServiceWorld) => Promise<void>>>;

export type ServiceFaultName = keyof typeof SERVICE_FAULTS;
