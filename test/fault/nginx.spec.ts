import { SingleBackend } from './backends/single.js';
import { Build } from './build.js';
import { check } from './checker/check.js';
import { Nginx } from './nginx.js';
import { Random } from '../support/random.js';
import { describe as describeViolations } from './report.js';
import { World } from './world.js';

describe('two instances behind nginx, without sticky sessions', () => {
  let build: Build;

  beforeAll(async () => {
    build = await Build.make();
  });

  afterAll(() => build.remove());

  it('lose no event when the instance of a client is killed', async () => {
    const random = new Random('nginx');
    const backend = await SingleBackend.start(2, random);
    const world = await World.start({
      ...{ dist: build.dist, backend, random, instances: 2, rate: 80, stayers: 8, wanderers: 0 },
      front: (instances) => Nginx.start(instances),
    });
    let problems: string[];
    try {
      await world.calm(1500);
      for (const instance of world.instances) {
        await world.fault('SIGKILL', () => instance.kill());
        await world.calm(1000);
        await instance.start();
        await world.calm(1000);
      }
      await world.settle();
    } finally {
      problems = await world.stop();
    }
    const { violations, figures } = check(world.log, { redisMayLose: false });
    expect(describeViolations(violations)).toBe('');
    // All clients were on one instance, and resumed on the other one without reloading.
    expect(figures).toMatchObject({ unsettled: 0, resyncs: 0, recoveredFalse: 0 });
    expect(figures.recoveredTrue).toBeGreaterThanOrEqual(8 * 6);
    expect(problems).toEqual([]);
  }, 180_000); // four starts of the platform take some seconds each on a busy machine
});
