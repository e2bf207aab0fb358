import { Signal, soon } from './signal.js';

describe('a signal', () => {
  it('resolves once the condition holds after a change', async () => {
    const signal = new Signal();
    let count = 0;
    const reached = signal.until(() => count === 2, 60_000);
    for (count = 1; count < 2; count += 1) signal.wake();
    signal.wake();
    expect(await reached).toBe(true);
  });

  it('wakes every waiting caller', async () => {
    const signal = new Signal();
    let isSo = false;
    const all = [1, 2].map(() => signal.until(() => isSo, 60_000));
    isSo = true;
    signal.wake();
    expect(await Promise.all(all)).toEqual([true, true]);
  });

  it('gives up after its time', async () => {
    expect(await new Signal().until(() => false, 1)).toBe(false);
    expect(await new Signal().until(() => false, 0)).toBe(false);
    expect(await new Signal().until(() => true, 0)).toBe(true);
  });
});

describe('soon', () => {
  it('polls until the condition holds', async () => {
    let polls = 0;
    expect(await soon(() => (polls += 1) === 3, 60_000)).toBe(true);
    expect(await soon(() => false, 2)).toBe(false);
    expect(await soon(() => true, 0)).toBe(true);
  });
});
