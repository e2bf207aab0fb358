import type { ServerFrame } from '../../protocol/index.js';
import { TestLive } from './test-live.js';

/** A connection whose expectations do not wait. */
const READER = {
  until: (isSo: () => boolean) => Promise.resolve(isSo()),
  request: () => Promise.resolve(),
  ending: () => ' The connection ended: 1001.',
};

const timestamp = '2026-12-01T00:00:00.000Z' as const;
const channel = 'board';
const state = (data: unknown): ServerFrame => ({ type: 'state', channel, id: 'e:1', data, timestamp });
const event = (data: unknown): ServerFrame => ({ type: 'event', channel, id: 'e:2', data, timestamp });

describe('the messages of TestLive', () => {
  let board: TestLive<{ readonly column?: string }>;

  beforeEach(() => {
    board = new TestLive(channel, READER);
  });

  it('say that no state has arrived, and how the connection ended', async () => {
    await expect(board.expectState({ column: 'done' })).rejects.toThrow(
      'Expected a state of board that matches {"column":"done"}; none has arrived. The connection ended: 1001.',
    );
    expect([board.data, board.position]).toEqual([undefined, undefined]);
  });

  it('show the state that the client holds', async () => {
    board.take(state({ column: 'todo' }));
    board.take(event({ set: { '/column': 'doing' } }));
    await expect(board.expectState({ column: 'done' })).rejects.toThrow('; it is {"column":"doing"}.');
    await expect(board.expectState(({ column }) => column === 'done')).rejects.toThrow('for which this holds: ');
    await expect(board.expectStateError()).rejects.toThrow('Expected that the state of board is unavailable; it is {');
    expect(board.position).toBe('e:2');
    board.take(state({ column: 'doing' }));
    board.take(event({ reload: true })); // a state follows
    expect(board.position).toBe('e:1');
  });

  it('shorten a long state', async () => {
    board.take(state({ column: 'x'.repeat(10_000) }));
    await expect(board.expectState({ column: 'done' })).rejects.toThrow(
      /it is \{"column":"x+ … x+"\} \(10013 characters\)\./,
    );
  });

  it('show why the server sends no state', async () => {
    board.take(state({ column: 'todo' }));
    board.take({ type: 'state_error', channel, code: 'too_large', message: 'more than 1 MiB', timestamp });
    await board.expectStateError('too_large');
    await expect(board.expectState()).rejects.toThrow('the server reports too_large, and it is {"column":"todo"}.');
    board.take(state({ column: 'done' }));
    expect(await board.expectState()).toEqual({ column: 'done' });
    expect(board.take({ type: 'unsubscribed', channel, reason: 'access_revoked', timestamp })).toBe(false);
    await expect(board.expectState()).rejects.toThrow(
      'the server reports access_revoked, and it is {"column":"done"}.',
    );
  });

  it('show a malformed patch', async () => {
    board.take(state({ column: 'todo' }));
    board.take(event({ set: { column: 'done' } }));
    await expect(board.expectState()).rejects.toThrow(
      'the server reports a malformed patch, {"set":{"column":"done"}}: "column" is not a path',
    );
  });
});
