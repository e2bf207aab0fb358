import { within } from './within.js';

describe('within', () => {
  it('hands on what the event brings', async () => {
    await expect(within(1000, 'it', Promise.resolve(7))).resolves.toBe(7);
  });

  it('hands on how the event fails', async () => {
    await expect(within(1000, 'it', Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('says what it waited for when it does not come', async () => {
    const never = new Promise(() => undefined);
    await expect(within(1, () => 'the answer', never)).rejects.toThrow('Waited 1 ms for the answer');
  });
});
