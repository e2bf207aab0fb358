import { channelLimitProblem, isWithinLimit, MAX_LIMIT_ENTRIES } from './channel-limit.js';

describe('channelLimitProblem', () => {
  it.each([
    [[]],
    [['apps:created', 'user:%C3%BC', 'projects:{id}:*', 'announcements', 'a:{b}:c']],
    [Array.from({ length: MAX_LIMIT_ENTRIES }, () => 'a')],
  ])('accepts %j', (limit) => expect(channelLimitProblem(limit)).toBeNull());

  it.each([
    ['a'],
    [null],
    [{ length: 0 }],
    [['*']],
    [['{group}:*']],
    [['a:*:b']],
    [['a:b*']],
    [['a:{b']],
    [['a:']],
    [[['a']]],
    [['a'.repeat(201)]],
    [Array.from({ length: MAX_LIMIT_ENTRIES + 1 }, () => 'a')],
  ])('rejects %j with a sentence', (limit) => expect(channelLimitProblem(limit)).toMatch(/^must /));

  it('names the place of the first invalid entry', () => {
    expect(channelLimitProblem(['a', 'b c'])).toContain('(entry 1)');
  });
});

describe('isWithinLimit', () => {
  const limit = ['apps:created', 'projects:{id}:updated', 'logs:*'];

  it.each([
    ['apps:created', true],
    ['projects:1:updated', true],
    ['logs:a', true],
    ['logs:a:b', true],
    ['apps:deleted', false],
    ['apps', false],
    ['projects:1:updated:more', false],
    ['logs', false],
    ['apps:*', false],
  ])('%s: %s', (channel, expected) => expect(isWithinLimit(limit, channel)).toBe(expected));

  it('includes every channel without a limit, and none with an empty one', () => {
    expect([isWithinLimit(undefined, 'a'), isWithinLimit([], 'a')]).toEqual([true, false]);
  });
});
