import { jest } from '@jest/globals';
import fc from 'fast-check';
import { walkAtRandom, type Step } from './run.js';

const action = fc.integer({ min: 0, max: 99 });
const short = { name: 'test', seed: 1, runs: 40 };

type Walk = (steps: readonly Step<number>[]) => Promise<readonly string[]>;

const failAtNine: Walk = async (steps) => (steps.some((step) => step.action % 10 === 9) ? ['nine'] : []);

function passInto(walked: unknown[]): Walk {
  return async (steps) => {
    walked.push(steps);
    return [];
  };
}

describe('walkAtRandom', () => {
  afterEach(() => {
    delete process.env['WALK_PATH'];
    jest.restoreAllMocks();
  });

  it('prints the seed of a failure before it looks for the shortest walk', async () => {
    const happened: string[] = [];
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => happened.push(String(text)) > 0);
    const failure = await walkAtRandom(action, short, 0, async (steps) => {
      const problems = await failAtNine(steps);
      if (problems.length > 0) happened.push('a walk fails');
      return problems;
    });
    expect(failure).toContain('nine');
    expect(happened.slice(0, 3)).toEqual([
      'a walk fails',
      expect.stringMatching(/^test: seed 1 fails: .*nine/s),
      'a walk fails',
    ]);
    expect(happened.filter((each) => each.startsWith('test'))).toHaveLength(1);
  });

  it('repeats the walk of a path, and takes no other seed if it passes', async () => {
    jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    let counterexample: unknown;
    const failure = await walkAtRandom(action, short, 0, async (steps) => {
      const problems = await failAtNine(steps);
      if (problems.length > 0) counterexample = steps;
      return problems;
    });
    process.env['WALK_PATH'] = /path: "([\d:]+)/.exec(failure!)![1];
    const repeated: unknown[] = [];
    await walkAtRandom(action, short, 0, passInto(repeated));
    expect(repeated[0]).toEqual(counterexample);
    const ofOneSeed: unknown[] = [];
    process.env['WALK_PATH'] = '0';
    await walkAtRandom(action, short, 0, passInto(ofOneSeed));
    expect(ofOneSeed).toHaveLength(short.runs / 2);
  });
});
