import { MemoryBackend } from '../backends/memory.js';
import { SingleBackend } from '../backends/single.js';
import { scenario } from './scenario.js';

/** No fault, in one process without Redis: connecting and leaving clients are enough to check. */
export const memory = scenario({
  name: 'memory',
  redisMayLose: false,
  nothingFails: true,
  options: { instances: 1 },
  backend: async () => new MemoryBackend(),
  round: (world) => world.fault('none', () => world.calm(1000)),
});

/** No fault, three instances. */
export const calm = scenario({
  name: 'calm',
  redisMayLose: false,
  nothingFails: true,
  backend: (instances, random) => SingleBackend.start(instances, random),
  round: (world) => world.fault('none', () => world.calm(1000)),
});
