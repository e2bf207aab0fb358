import { within } from './within.js';

describe('within', () => {
  it('resolves with the value of the event', async () => {
    await expect(within(1000, 'it', Promise.resolve(7))).resolves.toBe(7);
  });

  it('rejects with the error of the event', async () => {
    await expect(within(1000, 'it', Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('reports what it waited for on timeout', async () => {
    const never = new Promise(() => undefined);
    await expect(within(1, () => 'the answer', never)).rejects.toThrow('Waited 1 ms for the answer');
  });
});
