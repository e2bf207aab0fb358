import 'reflect-metadata';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import { ModelWorld, type Operation } from './model-world.js';

/** A longer run: `LIVE_RUNS=1000 LIVE_SEED=7 npm run test:one -- test/live-resources/model/model.spec.ts`, 160 operations each. */
const RUNS = Number(process.env['LIVE_RUNS'] ?? 40);
const SEED = Number(process.env['LIVE_SEED'] ?? 1);

const any = (most: number): fc.Arbitrary<number> => fc.noBias(fc.nat(most));
const operation: fc.Arbitrary<Operation> = fc.tuple(any(999), any(10_000), any(10_000));

describe('live resources under any order of changes, answers and faults', () => {
  beforeAll(() => {
    Logger.overrideLogger(false);
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  });
  afterAll(() => {
    jest.useRealTimers();
    Logger.overrideLogger(true);
  });

  it.each([
    ['with fields by role', true],
    ['with patches after a resume', false],
  ])(
    'leave all clients with the same state at each position, and in the end with that of the database: %s',
    async (_what, isRestricted) => {
      let operations = 0;
      const total: Record<string, number> = {};
      const run = async (all: readonly Operation[]): Promise<void> => {
        const world = new ModelWorld(isRestricted);
        try {
          for (const one of all) await world.run(one);
          await world.settle();
        } finally {
          operations += world.operations;
          for (const [name, count] of Object.entries(world.figures)) total[name] = (total[name] ?? 0) + count;
          await world.end();
          jest.clearAllTimers();
        }
      };
      await fc.assert(fc.asyncProperty(fc.array(operation, { minLength: 160, maxLength: 160 }), run), {
        numRuns: RUNS,
        seed: SEED,
      });
      if (process.env['LIVE_RUNS'] !== undefined)
        process.stdout.write(`${operations} operations: ${JSON.stringify(total)}\n`);
      expect(operations).toBeGreaterThanOrEqual(RUNS * 160);
    },
    Math.max(60_000, RUNS * 2_000),
  );
});
