import { principalFromClaims } from '../../auth/principal.js';
import { resolveOptions } from '../../options/resolve-options.js';
import { onAsked, MAX_UNDECIDED_MS, stateOf, onUnanswered, type Undecided } from './undecided.js';

const WALL = Date.parse('2026-11-29T12:00:00Z');
const OPTIONS = resolveOptions({ jwt: { secret: 'x'.repeat(32) } });
const token = (claims: object = {}, endsInMs = 3_600_000) =>
  principalFromClaims({ sub: 'ann', role: 'user', ...claims, exp: (WALL + endsInMs) / 1000 }, OPTIONS, 'a token', WALL);

/** Returns the states of the subscription at these times. */
function statesAt(undecided: Undecided, ...times: number[]): string {
  return times.map((now) => stateOf(undecided, now, WALL + now)).join(' ');
}
/** Returns the state after a failed request for a decision. */
const failed = (...question: Parameters<typeof onAsked>) => onUnanswered(onAsked(...question), question[2], 1);
const renewal = { decidedFor: token(), principal: token(), isOrdered: false };

describe('an undecided subscription', () => {
  it('stays live up to the time limit if the identity is unchanged', () => {
    expect(statesAt(failed(null, renewal, 0), 0, MAX_UNDECIDED_MS - 1, MAX_UNDECIDED_MS)).toBe('flows flows over');
  });

  it('stays live no longer than the token for which it was decided', () => {
    const question = { ...renewal, decidedFor: token({}, 10_000) };
    expect(statesAt(failed(null, question, 0), 9_999, 10_000, 59_999, 60_000)).toBe('flows paused paused over');
  });

  it.each<[string, object]>([
    ['another role', { role: 'ops' }],
    ['one more role', { role: ['user', 'ops'] }],
    ['another claim', { plan: 'free' }],
    ['another email', { email: 'e' }],
  ])('is paused with %s', (_change, claims) => {
    expect(statesAt(failed(null, { ...renewal, principal: token(claims) }, 0), 0, 59_999, 60_000)).toBe(
      'paused paused over',
    );
  });

  it('is paused if a connection without a token gets one', () => {
    expect(statesAt(failed(null, { ...renewal, decidedFor: null }, 0), 0)).toBe('paused');
  });

  it('is paused when a decision is requested because of a new identity or a command', () => {
    const changed = onAsked(null, { ...renewal, principal: token({ role: 'ops' }) }, 0);
    expect(statesAt(changed, 0, 2_000)).toBe('paused paused');
    expect(statesAt(onAsked(null, { ...renewal, isOrdered: true }, 0), 0)).toBe('paused');
    expect(statesAt(onAsked(null, renewal, 0), 0)).toBe('flows');
  });

  it('is paused after a re-authorization command, even on a connection without a token', () => {
    expect(statesAt(failed(null, { ...renewal, isOrdered: true }, 0), 0)).toBe('paused');
    expect(statesAt(failed(null, { decidedFor: null, principal: null, isOrdered: true }, 0), 0)).toBe('paused');
  });

  it('has a time limit from the first request on, however many renewals overlap', () => {
    const twice = failed(failed(null, renewal, 0), renewal, 50_000);
    expect(statesAt(twice, 59_999, 60_000)).toBe('flows over');
  });

  it('stays paused after a renewal that changes nothing', () => {
    const ordered = failed(null, { ...renewal, isOrdered: true }, 0);
    expect(statesAt(onAsked(ordered, renewal, 1), 1)).toBe('paused');
    const changed = failed(null, { ...renewal, principal: token({ role: 'ops' }) }, 0);
    expect(statesAt(onAsked(changed, renewal, 1), 1)).toBe('paused');
  });

  it('is paused by a command while it is live', () => {
    expect(statesAt(onAsked(failed(null, renewal, 0), { ...renewal, isOrdered: true }, 1), 1)).toBe('paused');
  });

  it('is retried after 250 to 500 ms, then with longer delays of at most 10 s', () => {
    let undecided = onAsked(null, renewal, 0);
    expect(undecided.askAgainAt).toBe(Infinity);
    const delays = [0, 1, 2, 3, 4, 5, 6].map(() => {
      undecided = onUnanswered(undecided, 0, 1);
      return undecided.askAgainAt;
    });
    expect(delays).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    expect(onUnanswered(onAsked(null, renewal, 0), 100, 0).askAgainAt).toBe(350);
  });
});
