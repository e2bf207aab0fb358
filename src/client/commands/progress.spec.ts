import { createProgress } from './progress.js';

async function listOf<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}

describe('progress', () => {
  it('gives every iteration all values, those of the past too, until it ends', async () => {
    const progress = createProgress<number>();
    const early = listOf(progress);
    progress.push(1);
    await Promise.resolve();
    progress.push(2);
    const late = listOf(progress);
    progress.push(3);
    progress.end();
    progress.push(4);
    expect([await early, await late, await listOf(progress)]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  it('keeps the last 1,000 values for an iteration that is late', async () => {
    const progress = createProgress<number>();
    for (let value = 1; value <= 1_500; value += 1) progress.push(value);
    progress.end();
    const values = await listOf(progress);
    expect([values.length, values[0], values.at(-1)]).toEqual([1_000, 501, 1_500]);
  });
});
