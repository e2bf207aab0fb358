import { checkKills, type HookCall, type KillLog } from './check.js';

const call = (event: HookCall['event'], sequence: number, at = sequence, instance = 'a'): HookCall => ({
  ...{ event, sequence, at, instance },
  name: 'rooms:1',
});
const rest = (at: number, ...present: string[]) => ({ at, present });
const classes = (log: Partial<KillLog>): string[] =>
  checkKills({ calls: [], faults: [], rests: [], ...log }).map((violation) => violation.class);

describe('the checker of hooks', () => {
  const good = [call('occupied', 1), call('vacated', 2), call('occupied', 3), call('vacated', 4)];

  it('accepts changes that alternate and match each rest', () => {
    expect(classes({ calls: good, rests: [rest(1, 'rooms:1'), rest(2), rest(3, 'rooms:1'), rest(5)] })).toEqual([]);
  });

  it('accepts a repetition after a fault', () => {
    expect(classes({ calls: [...good, call('occupied', 3, 30, 'b')], faults: [20] })).toEqual([]);
  });

  it.each([
    ['a lost end', { calls: good.slice(0, 3), rests: [rest(9)] }, 'wrong-at-rest'],
    ['a lost beginning', { rests: [rest(9, 'rooms:1')] }, 'wrong-at-rest'],
    ['an end before its beginning', { calls: [call('vacated', 1)] }, 'not-alternating'],
    ['two beginnings', { calls: [call('occupied', 1), call('occupied', 2)] }, 'not-alternating'],
    ['a sequence of two changes', { calls: [call('occupied', 1), call('vacated', 1)] }, 'two-changes'],
    ['a sequence that is lower', { calls: [call('vacated', 2, 1), call('occupied', 1, 2)] }, 'went-back'],
    ['a repetition without a fault', { calls: [...good, call('occupied', 3, 30, 'b')] }, 'twice'],
    ['a repetition before the fault', { calls: [...good, call('occupied', 3, 30, 'b')], faults: [31] }, 'twice'],
  ])('finds %s', (_what, log, expected) => {
    expect(classes(log)).toContain(expected);
  });
});
