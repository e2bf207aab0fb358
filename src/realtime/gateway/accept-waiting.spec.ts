import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import { acceptWaiting } from './accept-waiting.js';

describe('acceptWaiting', () => {
  /** Emits a connection in each of the first turns, and counts the turns until the wait is over. */
  async function turnsOf(connections: number): Promise<number> {
    const servers = [new EventEmitter(), new EventEmitter()] as const;
    let turns = 0;
    let isOver = false;
    const turn = (): void => {
      if (isOver) return;
      turns += 1;
      if (turns <= connections) servers[turns % 2 === 0 ? 0 : 1].emit('connection');
      setImmediate(turn);
    };
    setImmediate(turn);
    await acceptWaiting(servers as unknown as Server[]);
    isOver = true;
    for (const server of servers) expect(server.listenerCount('connection')).toBe(0);
    return turns;
  }

  it('ends after two turns without a new connection', async () => {
    expect(await turnsOf(0)).toBe(2);
    expect(await turnsOf(1)).toBe(3);
    expect(await turnsOf(5)).toBe(7);
  });

  it('ends after a thousand turns in any case', async () => {
    expect(await turnsOf(Infinity)).toBe(1_000);
  });
});
