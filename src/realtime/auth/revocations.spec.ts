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
});
