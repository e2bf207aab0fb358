import { checkLive, type Holding, type LiveLog } from './check.js';

const held = (values: Record<string, string>, about: Partial<Holding> = {}): Holding => ({
  ...{ client: 'c0', channel: 'boards:1', role: 'user', id: 'e-1', at: 10 },
  ...{ values: new Map(Object.entries(values)), ...about },
});
const good: LiveLog = {
  commits: ['one', 'two'].map((text, at) => ({ channel: 'boards:1', path: 'name', text, at })),
  loads: [
    { channel: 'boards:1', by: 'a', from: 0, to: 5 },
    { channel: 'boards:1', by: 'b', from: 6, to: 8 },
    { channel: 'boards:2', by: 'b', from: 7, to: 8 },
  ],
  held: [held({ name: 'one' }), held({ name: 'two' }, { id: 'e-2', at: 20 }), held({ name: 'one' }, { client: 'c1' })],
  ...{ losses: [], leaks: [], problems: [], ends: [{ who: 'c0', held: 'x', expected: 'x' }] },
};
const classes = (about: Partial<LiveLog>) => checkLive({ ...good, ...about }, 100).map((one) => one.class);

describe('the checker of live resources', () => {
  it('accepts equal states, and loads one after the other', () => {
    expect(checkLive(good, 100)).toEqual([]);
  });

  it.each<[string, Partial<LiveLog>, string]>([
    ['different states at a position', { held: [held({ name: 'one' }), held({ name: 'two' })] }, 'conflict'],
    ['a value that never was', { held: [held({ name: 'three' })] }, 'never-was'],
    ['a value of another path', { held: [held({ title: 'one' })] }, 'never-was'],
    ['an older value', { held: [held({ name: 'two' }), held({ name: 'one' }, { id: 'e-2' })] }, 'went-back'],
    ['a load beside another', { loads: [good.loads[0]!, { ...good.loads[1]!, from: 4 }] }, 'two-loads'],
    ['a hidden value', { leaks: ['salary'] }, 'leak'],
    ['a frame against the protocol', { problems: ['resync'] }, 'protocol'],
    ['a state that is not that of the database', { ends: [{ who: 'c0', held: 'x', expected: 'y' }] }, 'not-equal'],
  ])('finds %s', (_what, about, expected) => {
    expect(classes(about)).toEqual([expected]);
  });

  it.each<[string, Partial<LiveLog>]>([
    [
      'an older value after Redis lost data',
      { held: [held({ name: 'two' }), held({ name: 'one' }, { id: 'f-1', at: 30 })] },
    ],
    ['a load after Redis lost the lease', { loads: [good.loads[0]!, { ...good.loads[1]!, from: 4 }] }],
  ])('accepts %s', (_what, about) => {
    expect(classes({ ...about, losses: [{ from: 3, to: 12 }] })).toEqual([]);
  });

  it('accepts a load after the lease of another', () => {
    const loads = [good.loads[0]!, { ...good.loads[1]!, from: 4 }];
    expect(checkLive({ ...good, loads }, 4)).toEqual([]);
  });
});
