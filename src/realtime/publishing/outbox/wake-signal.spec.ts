import { WakeSignal } from './wake-signal.js';

/** Longer than the test takes, in milliseconds. */
const LONG = 60_000;
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('WakeSignal', () => {
  let signal: WakeSignal;
  beforeEach(() => {
    signal = new WakeSignal();
  });

  it('wakes the relay after a notification, or after a time', async () => {
    const woken = signal.next(signal.count, LONG);
    signal.notify();
    await woken;
    await signal.next(signal.count, 1);
  });

  it('does not wait if there was a notification while the relay was busy', async () => {
    const seen = signal.count;
    signal.notify();
    await signal.next(seen, LONG);
  });

  it('is drained when the relay has woken up and waits again', async () => {
    const woken = signal.next(signal.count, LONG);
    let isDrained = false;
    const drained = signal.drain(LONG).then(() => (isDrained = true));
    await woken;
    await turn();
    expect(isDrained).toBe(false);
    const asleep = signal.next(signal.count, LONG);
    await drained;
    signal.notify();
    await asleep;
  });

  it('is drained at once after a stop, and after a time limit if the relay does not wait', async () => {
    await signal.drain(1);
    signal.stop();
    const since = performance.now();
    await signal.drain(LONG);
    expect(performance.now() - since).toBeLessThan(LONG / 2);
  });
});
