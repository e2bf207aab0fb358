import type { ClientRequest } from '../../protocol/index.js';
import { COMMANDS } from './commands/index.js';
import { costOfReading } from './request-cost.js';

describe('the cost of a frame', () => {
  it.each([
    [0, 0],
    [1_024, 0],
    [1_025, 1_025 / 8],
    [8_000, 1_000],
  ])('of %i bytes is %d to read', (bytes, cost) => {
    expect(costOfReading(bytes)).toBe(cost);
  });

  it.each<[object, number]>([
    [{ type: 'ping' }, 0],
    [{ type: 'list_channels' }, 1_024],
    [{ type: 'presence', channel: 'c' }, 4_096],
    [{ type: 'history', channel: 'c' }, 4_096],
    [{ type: 'auth', token: 't' }, 4_096],
    [{ type: 'stats' }, 16_384],
    [{ type: 'subscribe', targets: [1, 2] }, 2_048],
    [{ type: 'unsubscribe', channels: ['a', 'b', 'c'] }, 768],
  ])('%j costs %i bytes', (request, cost) => {
    const { type } = request as ClientRequest;
    expect(COMMANDS[type].cost(request as never, { unpaidBytes: 0 } as never)).toBe(cost);
  });

  it('of a call is charged once its connection owes for several answers', () => {
    const costOf = (unpaidBytes: number): number => COMMANDS.call.cost({} as never, { unpaidBytes } as never);
    expect([costOf(0), costOf(4_095), costOf(4_096)]).toEqual([0, 0, 256]);
  });
});
