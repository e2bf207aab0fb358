import { HandshakeTurns } from './handshake-turns.js';

/** Keeps the event loop busy, as a handshake does. */
function work(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

describe('HandshakeTurns', () => {
  it('lets a handshake begin at once if no other one ran in this turn', async () => {
    const turns = new HandshakeTurns();
    expect(turns.next()).toBeUndefined();
    work(20);
    await new Promise(setImmediate);
    expect(turns.next()).toBeUndefined();
  });

  it('lets many handshakes begin in order, and the event loop turn in between', async () => {
    const turns = new HandshakeTurns();
    const begun: number[] = [];
    const loopTurns = new Set<number>();
    let turn = 0;
    let isDone = false;
    const count = (): void => {
      turn += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    const handshake = async (index: number): Promise<void> => {
      await turns.next();
      await Promise.resolve();
      begun.push(index);
      loopTurns.add(turn);
      work(4);
    };
    // Their requests arrive in one turn, and each is handled before the next one.
    await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        await new Promise(setImmediate);
        await handshake(index);
      }),
    );
    isDone = true;
    expect(begun).toEqual([...begun.keys()]);
    // At most three of 4 ms begin within 10 ms.
    expect(loopTurns.size).toBeGreaterThanOrEqual(10);
  });

  it('keeps the order of a handshake that comes while others wait', async () => {
    const turns = new HandshakeTurns();
    expect(turns.next()).toBeUndefined();
    work(20);
    const begun: string[] = [];
    const waiting = turns.next()!.then(() => {
      begun.push('first');
      const later = turns.next();
      expect(later).toBeDefined();
      return later?.then(() => void begun.push('second'));
    });
    const other = turns.next()!.then(() => void begun.push('other'));
    await Promise.all([waiting, other]);
    expect(begun).toEqual(['first', 'other', 'second']);
  });
});
