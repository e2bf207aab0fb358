import { WakeSignal } from './wake-signal.js';

/** Longer than the test takes, in milliseconds. */
const LONG = 60_000;
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('Bell', () => {
  let signal: WakeSignal;
  beforeEach(() => {
    signal = new WakeSignal();
  });

  it('wakes the sleeper when it is rung, or after a time', async () => {
    const woken = signal.next(signal.count, LONG);
    signal.notify();
    await woken;
    await signal.next(signal.count, 1);
  });

  it('does not let a sleeper wait that was rung for while it was busy', async () => {
    const seen = signal.count;
    signal.notify();
    await signal.next(seen, LONG);
  });

  it('is quiet once the sleeper has woken up and sleeps again', async () => {
    const woken = signal.next(signal.count, LONG);
    let isQuiet = false;
    const quiet = signal.drain(LONG).then(() => (isQuiet = true));
    await woken;
    await turn();
    expect(isQuiet).toBe(false);
    const asleep = signal.next(signal.count, LONG);
    await quiet;
    signal.notify();
    await asleep;
  });

  it('is quiet at once when the sleeper rests for good, and after a time when it does not sleep', async () => {
    await signal.drain(1);
    signal.stop();
    const since = performance.now();
    await signal.drain(LONG);
    expect(performance.now() - since).toBeLessThan(LONG / 2);
  });
});
