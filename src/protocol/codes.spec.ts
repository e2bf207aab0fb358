import { CLOSE_CODES, ERROR_CODES, type CloseReaction } from './codes.js';

const closes = Object.entries(CLOSE_CODES);

/** Reactions that a client can derive from the code alone. */
function reactionsByCode(code: number): readonly CloseReaction[] {
  if (code === 1009) return ['stays closed'];
  if (code >= 4400 && code < 4500) return ['stays closed', 'reconnects with a new token'];
  return ['reconnects'];
}

describe('close codes', () => {
  it.each(closes)('%s has a code that a server is allowed to send', (_name, { code }) => {
    const isOurs = code >= 4400 && code < 4600;
    expect(isOurs || [1001, 1002, 1007, 1008, 1009, 1012, 1013].includes(code)).toBe(true);
  });

  it('have distinct codes and reasons', () => {
    expect(new Set(closes.map(([, { code }]) => code)).size).toBe(closes.length);
    expect(new Set(closes.map(([, { reason }]) => reason)).size).toBe(closes.length);
  });

  it.each(closes)('%s has a reason that fits a close frame', (_name, { reason }) => {
    expect(reason).not.toBe('');
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
  });

  it.each(closes)('%s has a code from which the client derives its reaction', (_name, { code, then }) => {
    expect(reactionsByCode(code)).toContain(then);
  });

  it('require a new token only for 4401', () => {
    const wanting = closes.filter(([, { then }]) => then === 'reconnects with a new token').map(([, { code }]) => code);
    expect(wanting).toEqual([4401]);
  });

  it('are those of the protocol', () => {
    const codes = closes.map(([, { code }]) => code).toSorted((a, b) => a - b);
    expect(codes).toEqual([
      ...[1001, 1002, 1007, 1008, 1009, 1012, 1013],
      ...[4400, 4401, 4403, 4429, 4500, 4501, 4502, 4503, 4504, 4505],
    ]);
  });
});

describe('error codes', () => {
  it('are those of the protocol', () => {
    expect(Object.keys(ERROR_CODES)).toEqual([
      'invalid_json',
      'invalid_message',
      'unknown_type',
      'unknown_channel',
      'forbidden',
      'not_subscribed',
      'auth_required',
      'token_invalid',
      'token_expired',
      'rate_limited',
      'too_many_subscriptions',
      'too_many_connections',
      'presence_disabled',
      'occupancy_disabled',
      'stream_disabled',
      'stream_required',
      'unknown_command',
      'not_found',
      'conflict',
      'too_large',
      'timeout',
      'in_progress',
      'interrupted',
      'cancelled',
      'unavailable',
      'internal',
    ]);
  });

  it('reject a channel with exactly this message', () => {
    expect(ERROR_CODES.forbidden.message).toBe('Not authorized to subscribe to this channel');
  });

  it.each(Object.entries(ERROR_CODES))('%s has a distinct message and a meaning', (name, { message, meaning }) => {
    expect(message).toMatch(/^[A-Z]/);
    expect(meaning).toMatch(/^[A-Z].*\.$/);
    const others = Object.entries(ERROR_CODES).filter(([other]) => other !== name);
    expect(others.map(([, other]) => other.message)).not.toContain(message);
  });
});
