import { principalFromClaims } from '../auth/principal.js';
import { resolveOptions } from '../options/resolve-options.js';
import { onAsked, MAX_UNDECIDED_MS, stateOf, onUnanswered, type Undecided } from './undecided.js';

const WALL = Date.parse('2026-11-29T12:00:00Z');
const OPTIONS = resolveOptions({ jwt: { secret: 'x'.repeat(32) } });
const token = (claims: object = {}, endsInMs = 3_600_000) =>
  principalFromClaims({ sub: 'ann', role: 'user', ...claims, exp: (WALL + endsInMs) / 1000 }, OPTIONS, 'a token', WALL);

/** Asked at 0, and then where it stands at these moments. */
function standings(undecided: Undecided, ...moments: number[]): string {
  return moments.map((now) => stateOf(undecided, now, WALL + now)).join(' ');
}
/** A question that failed. */
const failed = (...question: Parameters<typeof onAsked>) => onUnanswered(onAsked(...question), question[2], 1);
const renewal = { decidedFor: token(), principal: token(), isOrdered: false };

describe('a subscription without a decision', () => {
  it('flows while the identity is unchanged, for as long as it may wait', () => {
    expect(standings(failed(null, renewal, 0), 0, MAX_UNDECIDED_MS - 1, MAX_UNDECIDED_MS)).toBe('flows flows over');
  });

  it('flows no longer than the token for which it was decided', () => {
    const question = { ...renewal, decidedFor: token({}, 10_000) };
    expect(standings(failed(null, question, 0), 9_999, 10_000, 59_999, 60_000)).toBe('flows paused paused over');
  });

  it.each<[string, object]>([
    ['another role', { role: 'ops' }],
    ['one more role', { role: ['user', 'ops'] }],
    ['another claim', { plan: 'free' }],
    ['another email', { email: 'e' }],
  ])('is paused with %s', (_change, claims) => {
    expect(standings(failed(null, { ...renewal, principal: token(claims) }, 0), 0, 59_999, 60_000)).toBe(
      'paused paused over',
    );
  });

  it('is paused when a connection without a token gets one', () => {
    expect(standings(failed(null, { ...renewal, decidedFor: null }, 0), 0)).toBe('paused');
  });

  it('is paused by a change of the identity, or by an order, as soon as the question is asked', () => {
    const changed = onAsked(null, { ...renewal, principal: token({ role: 'ops' }) }, 0);
    expect(standings(changed, 0, 2_000)).toBe('paused paused');
    expect(standings(onAsked(null, { ...renewal, isOrdered: true }, 0), 0)).toBe('paused');
    expect(standings(onAsked(null, renewal, 0), 0)).toBe('flows');
  });

  it('is paused when a re-authorization was ordered, also of a connection without a token', () => {
    expect(standings(failed(null, { ...renewal, isOrdered: true }, 0), 0)).toBe('paused');
    expect(standings(failed(null, { decidedFor: null, principal: null, isOrdered: true }, 0), 0)).toBe('paused');
  });

  it('waits from the first question on, however many renewals overlap', () => {
    const twice = failed(failed(null, renewal, 0), renewal, 50_000);
    expect(standings(twice, 59_999, 60_000)).toBe('flows over');
  });

  it('stays paused once it is: a renewal that changes nothing decides nothing', () => {
    const ordered = failed(null, { ...renewal, isOrdered: true }, 0);
    expect(standings(onAsked(ordered, renewal, 1), 1)).toBe('paused');
    const changed = failed(null, { ...renewal, principal: token({ role: 'ops' }) }, 0);
    expect(standings(onAsked(changed, renewal, 1), 1)).toBe('paused');
  });

  it('is paused by an order while it flows', () => {
    expect(standings(onAsked(failed(null, renewal, 0), { ...renewal, isOrdered: true }, 1), 1)).toBe('paused');
  });

  it('is asked about again after 250 to 500 ms, then later and later, at most every 10 s', () => {
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
