import { LocalData } from './local-data.js';
import { MAX_MEMBERS_WITH_DATA, type MemberData } from './member-data.js';

const state = (json: string, at: number): MemberData => ({ info: { json: '"Ann"', at: 1 }, state: { json, at } });

describe('LocalData', () => {
  let local: LocalData<string>;

  beforeEach(() => {
    local = new LocalData();
  });

  const of = (userId: string) => local.of([userId]).get(userId);

  it('returns what a user set last, and what was set before once that connection ended', () => {
    local.set('tab 1', 'ann', state('1', 10));
    local.set('tab 2', 'ann', state('2', 20));
    expect(of('ann')?.state?.json).toBe('2');
    local.remove('tab 2', 'ann');
    expect(of('ann')?.state?.json).toBe('1');
    local.remove('tab 1', 'ann');
    expect(of('ann')).toBeUndefined();
  });

  it('keeps the info of a user who may return, but not the state', () => {
    local.set('tab', 'ann', state('1', 10));
    local.keepInfo('tab', 'ann');
    local.remove('tab', 'ann');
    expect(of('ann')).toEqual({ info: { json: '"Ann"', at: 1 }, state: null });
    local.dropInfo('ann');
    expect(of('ann')).toBeUndefined();
  });

  it('keeps the data of a limited number of members', () => {
    for (let index = 0; index < MAX_MEMBERS_WITH_DATA; index += 1) {
      expect(local.set(`tab ${index}`, `user ${index}`, state('1', index))).toBe(true);
    }
    expect(local.set('tab', 'one more', state('1', 1))).toBe(false);
    expect(local.set('tab', 'user 0', state('2', 9_999))).toBe(true);
    expect(of('user 0')?.state?.json).toBe('2');
    local.remove('tab 1', 'user 1');
    expect(local.set('tab', 'one more', state('1', 1))).toBe(true);
  });

  it('forgets a subscription without info and state', () => {
    local.set('tab', 'ann', state('1', 10));
    expect(local.set('tab', 'ann', { info: null, state: null })).toBe(true);
    expect([of('ann'), local.get('tab')]).toEqual([undefined, undefined]);
  });
});
