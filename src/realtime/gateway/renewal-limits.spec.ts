import { RenewalLimits } from './renewal-limits.js';

const limits = (maxConnectionsPerUser = 100) => new RenewalLimits({ maxConnections: 1_000, maxConnectionsPerUser });
const connection = (id: string, userKey: string) => ({ id, principal: { userKey } });
/** Number of `count` renewals that are accepted at this time. */
const passed = (renewals: RenewalLimits, count: number, by: (n: number) => ReturnType<typeof connection>, now = 0) =>
  Array.from({ length: count }, (_, n) => renewals.take(by(n), now)).filter((wait) => wait === 0).length;

describe('renewals of a token', () => {
  it('of one connection are limited to ten at once, then one every five seconds', () => {
    const renewals = limits();
    const one = () => connection('c1', 'ann');
    expect(passed(renewals, 50, one)).toBe(10);
    expect(renewals.take(one(), 0)).toBeCloseTo(5_000);
    expect(passed(renewals, 50, one, 60_000)).toBe(10);
    expect(passed(renewals, 50, () => connection('c2', 'ann'), 60_000)).toBe(10);
  });

  it('of one user are limited to two per connection, so that all connections can renew at once', () => {
    const renewals = limits(100);
    expect(passed(renewals, 100, (n) => connection(`c${n}`, 'ann'))).toBe(100);
    expect(passed(renewals, 500, (n) => connection(`c${n % 250}`, 'ann'))).toBe(100);
    expect(passed(renewals, 10, (n) => connection(`d${n}`, 'bob'))).toBe(10);
  });

  it('are not charged to the user if they are refused', () => {
    const renewals = limits(10);
    expect(passed(renewals, 1_000, () => connection('c1', 'ann'))).toBe(10);
    expect(passed(renewals, 10, () => connection('c2', 'ann'))).toBe(10);
  });

  it('do not include the first token of a connection', () => {
    expect(limits().take({ id: 'c1', principal: null }, 0)).toBe(0);
  });
});
