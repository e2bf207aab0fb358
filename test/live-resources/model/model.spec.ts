import 'reflect-metadata';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import { appendFileSync } from 'node:fs';
import { ModelWorld, type Operation } from './model-world.js';

/** A longer run: `LIVE_RUNS=1000 LIVE_SEED=7 npm run test:one -- test/live-resources/model/model.spec.ts`, 160 operations each. */
const RUNS = Number(process.env['LIVE_RUNS'] ?? 25);
const SEED = Number(process.env['LIVE_SEED'] ?? 1);
/** Number of operations of a world. */
const LENGTH = 160;
/** A world that failed, as the error names it. */
const PATH = process.env['LIVE_PATH'];
/** File that receives the number of operations, and the first problem. */
const REPORT = process.env['LIVE_REPORT'];

const any = (most: number): fc.Arbitrary<number> => fc.noBias(fc.nat(most));
const operation: fc.Arbitrary<Operation> = fc.tuple(any(999), any(10_000), any(10_000));
const worlds = fc.tuple(any(1_000), fc.array(operation, { minLength: LENGTH, maxLength: LENGTH }));

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
      let problem: string | null = null;
      const total: Record<string, number> = {};
      const run = async ([kind, all]: readonly [number, readonly Operation[]]): Promise<void> => {
        const world = new ModelWorld(isRestricted, kind);
        try {
          for (const one of all.slice(0, kind % LENGTH)) await world.run(one);
          await world.settle();
          for (const one of all.slice(kind % LENGTH)) await world.run(one);
          await world.settle();
        } catch (error) {
          problem ??= (error as Error).message;
          throw error;
        } finally {
          operations += world.operations;
          for (const [name, count] of Object.entries(world.figures)) total[name] = (total[name] ?? 0) + count;
          await world.end();
          jest.clearAllTimers();
        }
      };
      const parameters = {
        ...{ numRuns: RUNS, seed: SEED, endOnFailure: process.env['LIVE_SHRINK'] === 'no' },
        ...(PATH !== undefined && { path: PATH }),
      };
      const checking = fc.assert(fc.asyncProperty(worlds, run), parameters);
      await checking.finally(() => {
        if (REPORT !== undefined) appendFileSync(REPORT, `${JSON.stringify({ operations, problem })}\n`);
      });
      if (process.env['LIVE_RUNS'] !== undefined)
        process.stdout.write(`${operations} operations: ${JSON.stringify(total)}\n`);
      expect(operations).toBeGreaterThanOrEqual(RUNS * LENGTH);
    },
    Math.max(60_000, RUNS * 2_000),
  );
});
