import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { arrivesWithin } from './arrives-within.js';

function block(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

describe('arrivesWithin', () => {
  it('returns true for a result that arrived while the event loop was blocked for longer than the limit', async () => {
    const { port1, port2 } = new MessageChannel();
    const arrived = arrivesWithin(
      once(port1, 'message').then(() => undefined),
      100,
    );
    port2.postMessage('answer');
    block(300);
    await expect(arrived).resolves.toBe(true);
    port1.close();
  });

  it('returns false if the result does not arrive', async () => {
    const from = performance.now();
    await expect(arrivesWithin(new Promise<void>(() => undefined), 120)).resolves.toBe(false);
    expect(performance.now() - from).toBeGreaterThanOrEqual(119);
  });
});
