import { builtInOf } from './builtin-channels.js';

const namesOf = (chosen: boolean | readonly string[]) => builtInOf(chosen).channels.map(({ name }) => name);

describe('builtInOf', () => {
  it('has all of them, and the private channels', () => {
    expect(namesOf(true)).toHaveLength(24);
    expect(namesOf(true)).toEqual(expect.arrayContaining(['user:{userId}', 'announcements', 'system:alerts']));
    expect(builtInOf(true).groups).toHaveLength(6);
  });

  it('has the private channels alone', () => {
    expect(builtInOf(false)).toEqual({
      channels: [{ name: 'user:{userId}', access: { owner: 'userId' } }],
      groups: [],
    });
  });

  it('has the named ones, with the rules of their groups', () => {
    const { channels, groups } = builtInOf(['announcements', 'apps:created', 'system:*']);
    expect(channels.map(({ name }) => name)).toEqual([
      ...['user:{userId}', 'announcements', 'apps:created'],
      ...['system:health', 'system:metrics', 'system:alerts'],
    ]);
    expect(groups.map(({ pattern }) => pattern)).toEqual(['apps:*', 'system:*']);
  });
});
