import { problemsOf, type Budget, type Cost } from './support/budget.js';

const BUDGET: Budget = { out: [100, 10], cpu: [1_000, 10], memory: [0, 100], keys: 1 };
const cost = (requests: number, part: Partial<Cost>): Cost => ({
  ...{ requests, bytesIn: requests * 1_000, bytesOut: 0, cpu: 0, memory: 0, keys: 0 },
  ...part,
});

describe('the cost of a request', () => {
  it.each<[string, Partial<Cost>, Partial<Cost>, number]>([
    ['is within the budget', { memory: 900_000 }, { memory: 1_800_000 }, 0],
    [
      'is within the budget if memory of earlier requests is released meanwhile',
      { memory: -20_000 },
      { memory: 1_000_000 },
      0,
    ],
    ['is within the budget if memory is allocated only once', { memory: 3_000_000 }, { memory: 0 }, 0],
    ['has too much memory at both sizes', { memory: 2_000_000 }, { memory: 4_000_000 }, 1],
    ['has too much memory only at twice the size', { memory: 200_000 }, { memory: 3_000_000 }, 1],
    ['has too many bytes', {}, { bytesOut: 300_000 }, 1],
    ['has too much CPU', {}, { cpu: 300_000 }, 2],
    ['has too many keys', { keys: 20 }, {}, 1],
  ])('%s', (_what, once, twice, problems) => {
    expect(problemsOf(cost(10, once), cost(20, twice), BUDGET)).toHaveLength(problems);
  });
});
