import { readFile } from 'node:fs/promises';
import { arrivesWithin } from './arrives-within.js';

function block(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

describe('arrivesWithin', () => {
  it('takes an answer that arrived while the event loop was blocked for longer than the time', async () => {
    const answer = readFile('package.json').then(() => undefined);
    const arrived = arrivesWithin(answer, 100);
    block(300);
    await expect(arrived).resolves.toBe(true);
  });

  it('is false if the answer does not come', async () => {
    const from = performance.now();
    await expect(arrivesWithin(new Promise<void>(() => undefined), 120)).resolves.toBe(false);
    expect(performance.now() - from).toBeGreaterThanOrEqual(119);
  });
});
