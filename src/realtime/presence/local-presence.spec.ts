import { LocalPresence } from './local-presence.js';
import { ANONYMOUS } from './presence-store.js';

describe('LocalPresence', () => {
  let local: LocalPresence<string>;

  beforeEach(() => {
    local = new LocalPresence();
  });

  const taken = (): Record<string, number | null> => Object.fromEntries(local.takeChanges());

  it('reports each user once, with its number of connections', () => {
    local.enter('a', 'u1');
    local.enter('b', 'u1');
    local.enter('c', 'u2');
    expect(taken()).toEqual({ u1: 2, u2: 1 });
    expect(local.hasChanges).toBe(false);
    local.exit('a', null);
    expect(taken()).toEqual({ u1: 1 });
    local.exit('b', null);
    expect(taken()).toEqual({ u1: null });
    local.exit('b', null);
    local.exit('nobody', null);
    expect(local.hasChanges).toBe(false);
  });

  it('keeps a user who may return until the grace period is over', () => {
    local.enter('a', 'u1');
    taken();
    local.exit('a', 100);
    expect(taken()).toEqual({ u1: 0 });
    local.expire(99);
    expect(local.hasChanges).toBe(false);
    expect(local.isEmpty).toBe(false);
    local.expire(100);
    expect(taken()).toEqual({ u1: null });
    expect(local.isEmpty).toBe(true);
  });

  it('clears the departure of a user who returns', () => {
    local.enter('a', 'u1');
    local.exit('a', 100);
    local.enter('b', 'u1');
    expect(taken()).toEqual({ u1: 1 });
    local.expire(1_000);
    expect(local.hasChanges).toBe(false);
    local.exit('b', 2_000);
    local.expire(1_999);
    expect(taken()).toEqual({ u1: 0 });
  });

  it('removes users whose grace period is over, and keeps the others', () => {
    for (const [index, user] of ['u1', 'u2', 'u3'].entries()) {
      local.enter(user, user);
      local.exit(user, index * 100);
    }
    taken();
    local.expire(100);
    expect(taken()).toEqual({ u1: null, u2: null });
  });

  it('has no grace period for anonymous connections', () => {
    local.enter('a', ANONYMOUS);
    local.enter('b', ANONYMOUS);
    expect(taken()).toEqual({ [ANONYMOUS]: 2 });
    local.exit('a', 100);
    local.exit('b', 100);
    expect(taken()).toEqual({ [ANONYMOUS]: null });
    expect(local.isEmpty).toBe(true);
  });

  it('moves a connection that gets an identity', () => {
    local.enter('a', ANONYMOUS);
    taken();
    local.enter('a', 'u1');
    expect(taken()).toEqual({ [ANONYMOUS]: null, u1: 1 });
    local.enter('a', 'u1');
    expect(local.hasChanges).toBe(false);
  });

  it('writes again what the store lacks, and reports the loss', () => {
    local.enter('a', 'u1');
    local.enter('b', 'u2');
    taken();
    expect(local.compare(new Map([['u1', 1]]))).toBe(true);
    expect(taken()).toEqual({ u2: 1 });
  });

  it('corrects wrong entries of the store', () => {
    local.enter('a', 'u1');
    taken();
    const held = new Map([
      ['u1', 3],
      ['u9', 1],
    ]);
    expect(local.compare(held)).toBe(false);
    expect(taken()).toEqual({ u1: 1, u9: null });
  });

  it('does not report unwritten changes as lost', () => {
    local.enter('a', 'u1');
    expect(local.compare(new Map())).toBe(false);
    expect(taken()).toEqual({ u1: 1 });
  });

  it('keeps no changes while the store does not respond, and catches up afterwards', () => {
    local.enter('a', 'u1');
    local.enter('b', 'u2');
    taken();
    local.markStale();
    for (let index = 0; index < 1_000; index += 1) {
      local.enter(`x${index}`, `x${index}`);
      local.exit(`x${index}`, null);
    }
    local.exit('b', null);
    local.enter('c', 'u3');
    expect(local.hasChanges).toBe(false);
    expect(
      local.compare(
        new Map([
          ['u1', 1],
          ['u2', 1],
        ]),
      ),
    ).toBe(true);
    expect(taken()).toEqual({ u2: null, u3: 1 });
    expect(local.isStale).toBe(false);
  });
});
