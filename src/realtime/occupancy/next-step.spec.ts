import { nextStep, type KeyFacts } from './next-step.js';
import type { Claim, ClaimState } from './occupancy-store.js';

const claimOf = (state: ClaimState, sequence = 7): Claim => ({ state, sequence, owner: 'any' });
const NOTHING: KeyFacts = { exists: false, owned: null, claim: null, isMine: false, isOwnerLive: false };
const held = claimOf('held');

describe('the next step for a key', () => {
  const step = (facts: Partial<KeyFacts>): string => nextStep({ ...NOTHING, ...facts });

  it('claims a key that exists here, and that no instance announced', () => {
    expect([step({ exists: true }), step({ exists: true, claim: claimOf('ended') })]).toEqual(['claim', 'claim']);
    expect([step({}), step({ claim: claimOf('ended') })]).toEqual(['none', 'none']);
  });

  it('leaves a key to its live owner, and waits while that one announces the end', () => {
    const other = { isOwnerLive: true, exists: true };
    expect(step({ ...other, claim: held })).toBe('none');
    expect(step({ ...other, claim: claimOf('starting') })).toBe('none');
    expect(step({ ...other, claim: claimOf('ending') })).toBe('wait');
    expect(step({ ...other, exists: false, claim: claimOf('ending') })).toBe('none');
  });

  it('takes over what a dead owner announced, or had begun to announce', () => {
    expect(step({ exists: true, claim: held })).toBe('start');
    expect(step({ exists: false, claim: held })).toBe('check');
    expect(step({ exists: false, claim: claimOf('starting') })).toBe('start');
    expect(step({ exists: true, claim: claimOf('ending') })).toBe('finish');
  });

  it('checks a key that it owns once the key no longer exists here', () => {
    const mine = { isMine: true, isOwnerLive: true, owned: held, claim: held };
    expect([step({ ...mine, exists: true }), step(mine)]).toEqual(['none', 'check']);
  });

  it('repeats its announcement that was interrupted', () => {
    const mine = { isMine: true, isOwnerLive: true, exists: true };
    expect(step({ ...mine, claim: claimOf('starting') })).toBe('start');
    expect(step({ ...mine, claim: claimOf('ending'), owned: held })).toBe('finish');
    // The reply to its claim was lost.
    expect(step({ ...mine, claim: held })).toBe('start');
    expect(step({ ...mine, claim: held, owned: claimOf('held', 6) })).toBe('start');
  });

  it('restores a lost claim, and gives up one that another instance has', () => {
    expect(step({ owned: held })).toBe('restore');
    expect(step({ owned: held, claim: claimOf('ended') })).toBe('lost');
    expect(step({ owned: held, claim: held, isOwnerLive: true })).toBe('lost');
    expect(step({ owned: held, claim: claimOf('ending'), isOwnerLive: true, exists: true })).toBe('lost');
  });
});
