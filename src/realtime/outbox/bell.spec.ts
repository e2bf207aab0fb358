import { Bell } from './bell.js';

/** Longer than the test takes, in milliseconds. */
const LONG = 60_000;
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('Bell', () => {
  let bell: Bell;
  beforeEach(() => {
    bell = new Bell();
  });

  it('wakes the sleeper when it is rung, or after a time', async () => {
    const woken = bell.next(bell.count, LONG);
    bell.ring();
    await woken;
    await bell.next(bell.count, 1);
  });

  it('does not let a sleeper wait that was rung for while it was busy', async () => {
    const seen = bell.count;
    bell.ring();
    await bell.next(seen, LONG);
  });

  it('is quiet once the sleeper has woken up and sleeps again', async () => {
    const woken = bell.next(bell.count, LONG);
    let isQuiet = false;
    const quiet = bell.quiet(LONG).then(() => (isQuiet = true));
    await woken;
    await turn();
    expect(isQuiet).toBe(false);
    const asleep = bell.next(bell.count, LONG);
    await quiet;
    bell.ring();
    await asleep;
  });

  it('is quiet at once when the sleeper rests for good, and after a time when it does not sleep', async () => {
    await bell.quiet(1);
    bell.rest();
    const since = performance.now();
    await bell.quiet(LONG);
    expect(performance.now() - since).toBeLessThan(LONG / 2);
  });
});
