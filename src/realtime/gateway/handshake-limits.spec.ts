import { jest } from '@jest/globals';
import type { ClientAddress } from './client-address.js';
import { HandshakeLimits } from './handshake-limits.js';

const OPTIONS = {
  handshakesPerSecond: 100,
  handshakesPerSecondPerUser: 1,
  maxConnections: 1_000,
  maxConnectionsPerAddress: 60,
  reconnectSpreadMs: 10_000,
};

const HERE: ClientAddress = { address: '203.0.113.7', countedAs: '203.0.113.7' };
const THERE: ClientAddress = { address: '203.0.113.8', countedAs: '203.0.113.8' };
const BEHIND_A_PROXY: ClientAddress = { address: '10.0.0.1', countedAs: null };

describe('HandshakeLimits', () => {
  let limits: HandshakeLimits;
  beforeEach(() => (limits = new HandshakeLimits(OPTIONS)));

  /** A complete handshake of a user with a valid token. Returns the scope that refused it, or null. */
  const handshake = (user: string, client: ClientAddress, now: number): string | null => {
    const digest = (): string => `digest of ${user}`;
    return (limits.enter(client, digest, now) ?? limits.enterAs(user, client, digest, now))?.scope ?? null;
  };
  const anonymous = (client: ClientAddress, now: number): string | null =>
    limits.enter(client, () => null, now)?.scope ?? null;
  const accepted = (tries: number, open: () => string | null): number =>
    Array.from({ length: tries }, open).filter((scope) => scope === null).length;

  it('lets a user open 20 connections at once, then one a second', () => {
    expect(accepted(100, () => handshake('looping', HERE, 0))).toBe(20);
    expect(handshake('looping', HERE, 0)).toBe('user');
    expect(accepted(100, () => handshake('looping', HERE, 1_000))).toBe(1);
  });

  it('does not charge the address or the instance for handshakes over the limit of a user', () => {
    for (let index = 0; index < 10_000; index += 1) handshake('looping', HERE, index / 10);
    expect(accepted(40, () => handshake(`healthy ${Math.random()}`, HERE, 1_000))).toBe(40);
  });

  it('does not charge them if the user sends a different token each time', () => {
    for (let index = 0; index < 10_000; index += 1) {
      const digest = (): string => `token ${index}`;
      if (limits.enter(HERE, digest, index / 10) === null) limits.enterAs('looping', HERE, digest, index / 10);
    }
    expect(accepted(40, () => handshake(`healthy ${Math.random()}`, HERE, 1_000))).toBe(40);
  });

  it('does not charge the instance for handshakes over the limit of an address', () => {
    expect(accepted(10_000, () => anonymous(HERE, 0))).toBe(60);
    expect(anonymous(HERE, 0)).toBe('address');
    // The burst of the instance is 500, and 60 are used.
    const others = Array.from({ length: 440 }, (_, index) => ({ address: `a${index}`, countedAs: `a${index}` }));
    expect(others.map((client) => anonymous(client, 0))).toEqual(others.map(() => null));
    expect(anonymous(THERE, 0)).toBe('instance');
  });

  it('refunds the instance for handshakes over the connection limit', () => {
    for (let index = 0; index < 450; index += 1) {
      const client = { address: `a${index}`, countedAs: `a${index}` };
      if (limits.enter(client, () => null, 0) === null) limits.refundInstance();
    }
    expect(accepted(50, () => anonymous(HERE, 0))).toBe(50);
  });

  it('lets all connections of an address reconnect within the reconnect spread', () => {
    accepted(1_000, () => anonymous(HERE, 0));
    const back = Array.from({ length: 60 }, (_, index) => (index / 60) * 10_000);
    expect(back.map((at) => anonymous(HERE, 1_000 + at))).toEqual(back.map(() => null));
  });

  it('refuses the token of a throttled user before it is verified again, and only that one', () => {
    accepted(21, () => handshake('looping', HERE, 0));
    expect(limits.enter(HERE, () => 'digest of looping', 0)).toEqual({ scope: 'user', retryAfterSeconds: 2 });
    expect(limits.enter(HERE, () => 'digest of another', 0)).toBeNull();
    expect(limits.enter(HERE, () => 'digest of looping', 1_100)).toBeNull();
  });

  it('computes no digest while no user is throttled', () => {
    const digest = jest.fn(() => 'digest');
    for (let index = 0; index < 20; index += 1) limits.enter(HERE, digest, 0);
    expect(digest).not.toHaveBeenCalled();
  });

  it('returns the time to wait before a retry', () => {
    const slow = new HandshakeLimits({ ...OPTIONS, handshakesPerSecond: 1 });
    for (let index = 0; index < 5; index += 1) expect(slow.enter(HERE, () => null, 0)).toBeNull();
    expect(slow.enter(HERE, () => null, 0)).toEqual({ scope: 'instance', retryAfterSeconds: 2 });
  });

  it('gives the clients of an unconfigured proxy together a share of the limit', () => {
    const many = new HandshakeLimits({ ...OPTIONS, handshakesPerSecond: 1_000 });
    const passed = Array.from({ length: 5_000 }, () => many.enter(BEHIND_A_PROXY, () => null, 0));
    expect(passed.filter((refusal) => refusal === null)).toHaveLength(1_000);
    expect(many.enter(HERE, () => null, 0)).toBeNull();
  });
});
