import { principalOf } from '../../../test/support/offline-connection.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import { capacityFor, RevocationsFullError, type Revocation } from './revocation.js';
import { Revocations } from './revocations.js';

const LATER = Date.now() + 3_600_000;

describe('Revocations', () => {
  it('keep space for users and for revokeAll when sessions are at their limit', () => {
    const revocations = new Revocations(new RealtimeClock());
    const session = (id: number, until = LATER): Revocation => ({ kind: 'session', id: `jti ${id}`, until });
    const most = capacityFor(session(0));
    for (let id = 0; id < most; id += 1) revocations.add(session(id));
    expect(() => revocations.add(session(most))).toThrow(RevocationsFullError);
    revocations.add(session(0, LATER + 1)); // already stored
    revocations.add({ kind: 'user', id: 'ann', before: 5, until: LATER });
    revocations.add({ kind: 'all', before: 5, until: LATER });
    expect([...revocations]).toHaveLength(most + 2);
  });

  it('free space when revocations of sessions expire', () => {
    const revocations = new Revocations(new RealtimeClock());
    const most = capacityFor({ kind: 'session', id: 's', until: 0 });
    for (let id = 0; id < most; id += 1) revocations.add({ kind: 'session', id: String(id), until: Date.now() - 1 });
    revocations.add({ kind: 'session', id: 'another', until: LATER });
    expect([...revocations]).toHaveLength(1);
  });

  describe('of one subject', () => {
    const ofAnn = (before: number, until = LATER): Revocation => ({ kind: 'user', id: 'ann', before, until });
    let revocations: Revocations;
    beforeEach(() => {
      revocations = new Revocations(new RealtimeClock());
    });

    it('are merged: the later times win', () => {
      revocations.add(ofAnn(10, LATER));
      revocations.add(ofAnn(5, LATER + 1));
      expect([...revocations]).toEqual([ofAnn(10, LATER + 1)]);
      const session = (until: number): Revocation => ({ kind: 'session', id: 's', until });
      revocations.add(session(LATER + 1));
      revocations.add(session(LATER));
      expect(revocations.ofSameSubject(session(0))).toEqual(session(LATER + 1));
    });

    it('are covered by one that revokes the same tokens for as long', () => {
      expect(revocations.covers(ofAnn(10))).toBe(false);
      revocations.add(ofAnn(10));
      const covered = [ofAnn(10), ofAnn(9, LATER - 1), ofAnn(11), ofAnn(10, LATER + 1)];
      expect(covered.map((one) => revocations.covers(one))).toEqual([true, true, false, false]);
      revocations.add({ kind: 'session', id: 's', until: LATER });
      const sessions = [LATER, LATER + 1].map((until): Revocation => ({ kind: 'session', id: 's', until }));
      expect(sessions.map((one) => revocations.covers(one))).toEqual([true, false]);
    });
  });

  it('concern the tokens that were issued before, until they expire', () => {
    const ann = principalOf('ann', { issuedAt: 1_000, session: 's' });
    const revokes = (revocation: Revocation, now = 5_000): boolean => {
      const revocations = new Revocations(new RealtimeClock());
      revocations.add(revocation, 0);
      return revocations.revokes(ann, now);
    };
    const times = { before: 1_001, until: 5_001 };
    expect(revokes({ kind: 'user', id: 'ann', ...times })).toBe(true);
    expect(revokes({ kind: 'user', id: 'ann', ...times, before: 1_000 })).toBe(false);
    expect(revokes({ kind: 'user', id: 'ann', ...times }, 5_001)).toBe(false);
    expect(revokes({ kind: 'user', id: 'bob', ...times })).toBe(false);
    expect(revokes({ kind: 'all', ...times })).toBe(true);
    expect(revokes({ kind: 'all', ...times, before: 1_000 })).toBe(false);
    expect(revokes({ kind: 'session', id: 's', until: 5_001 })).toBe(true);
    expect(revokes({ kind: 'session', id: 't', until: 5_001 })).toBe(false);
    expect(new Revocations(new RealtimeClock()).revokes(ann)).toBe(false);
  });
});
