import { inTurns } from './in-turns.js';

describe('inTurns', () => {
  it('calls back for each entry in order, and yields to the event loop after every 250', async () => {
    const entries = Array.from({ length: 501 }, (_, index) => index);
    const called: number[] = [];
    const atTurns: number[] = [];
    const turn = (): void => {
      atTurns.push(called.length);
      if (called.length < entries.length) setImmediate(turn);
    };
    setImmediate(turn);
    const ended = inTurns(entries, (entry) => void called.push(entry));
    expect(called).toHaveLength(250);
    await ended;
    expect([called, atTurns.slice(0, 2)]).toEqual([entries, [250, 500]]);
  });

  it('does not yield for few entries', async () => {
    const called: number[] = [];
    const ended = inTurns([1, 2], (entry) => void called.push(entry));
    expect(called).toEqual([1, 2]);
    await ended;
  });
});
