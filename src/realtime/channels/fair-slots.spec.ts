import { FairSlots } from './fair-slots.js';

/** Returns a function that takes a slot and records when it got it. */
function taker(slots: FairSlots, started: string[]) {
  return (key: string, waitMs = 60_000): Promise<boolean> =>
    slots.take(key, waitMs).then((got) => {
      if (got) started.push(key);
      return got;
    });
}
const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('FairSlots', () => {
  it('limits the calls of one key, and reserves slots for other keys', async () => {
    const started: string[] = [];
    const slots = new FairSlots(3, 2);
    const take = taker(slots, started);
    const all = ['a', 'a', 'a', 'a', 'b', 'b'].map((key) => take(key));
    await settle();
    expect(started).toEqual(['a', 'a', 'b']);
    slots.release('b');
    await settle();
    expect(started).toEqual(['a', 'a', 'b', 'b']);
    for (const key of ['a', 'a', 'a', 'a', 'b']) slots.release(key);
    expect(await Promise.all(all)).toEqual([true, true, true, true, true, true]);
  });

  it('serves waiting keys in turn', async () => {
    const started: string[] = [];
    const slots = new FairSlots(1, 1);
    const take = taker(slots, started);
    const all = ['x', 'a', 'a', 'a', 'b'].map((key) => take(key));
    for (const key of ['x', 'a', 'b', 'a', 'a']) {
      await settle();
      slots.release(key);
    }
    await Promise.all(all);
    expect(started).toEqual(['x', 'a', 'b', 'a', 'a']);
  });

  it('stops waiting after the time limit, and leaves the slot to the next call', async () => {
    const slots = new FairSlots(1, 1);
    expect(await slots.take('a', 10)).toBe(true);
    expect(await slots.take('a', 10)).toBe(false);
    const next = slots.take('b', 60_000);
    slots.release('a');
    expect(await next).toBe(true);
    slots.release('b');
    expect(await slots.take('a', 10)).toBe(true);
  });

  it('serves a call that waits behind one of the same key that gave up', async () => {
    const slots = new FairSlots(1, 1);
    await slots.take('a', 0);
    const [first, second] = [slots.take('a', 0), slots.take('a', 60_000)];
    expect(await first).toBe(false);
    slots.release('a');
    expect(await second).toBe(true);
  });
});
