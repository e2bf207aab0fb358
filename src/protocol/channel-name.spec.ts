import * as fc from 'fast-check';
import {
  channelNameProblem,
  isWildcard,
  matchPattern,
  MAX_CHANNEL_BYTES,
  userChannel,
  userOfChannel,
  wildcardPrefix,
} from './channel-name.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-@';
const segment = fc.string({ unit: fc.constantFrom(...ALPHABET.split('')), minLength: 1, maxLength: 20 });
const segments = fc.array(segment, { minLength: 1, maxLength: 5 });
const lengthOf = (bytes: number): string => 'a'.repeat(bytes);

describe('channelNameProblem', () => {
  it('accepts segments of allowed characters', () => {
    fc.assert(fc.property(segments, (parts) => expect(channelNameProblem(parts.join(':'))).toBeNull()));
  });

  it.each(['announcements', 'apps:created', 'user:u1', 'user:%C3%BC', 'a.b-c_d@e:F', `a:${lengthOf(198)}`])(
    'accepts %s',
    (name) => expect(channelNameProblem(name)).toBeNull(),
  );

  it('rejects an empty name', () => expect(channelNameProblem('')).toBe('must not be empty'));

  it('rejects a name over the limit', () => {
    expect(channelNameProblem(lengthOf(MAX_CHANNEL_BYTES))).toBeNull();
    expect(channelNameProblem(lengthOf(MAX_CHANNEL_BYTES + 1))).toBe('must be at most 200 bytes');
  });

  it.each(
    [
      ':',
      'apps:',
      ':created',
      'apps::created',
      'apps created',
      'apps:created\n',
      '\napps:created',
      'größe',
      'apps:*',
      '*',
      'apps:%41',
      'a/b',
      'a\0',
      'user:ü',
      'user:a:%41',
      'User:%41',
      '{userId}',
    ].filter((name) => name !== 'user'),
  )('rejects %j', (name) => {
    expect(channelNameProblem(name)).toBe('must be segments of A-Z a-z 0-9 _ . - @ split by ":"');
  });

  it('accepts only the allowed characters, ":", and "%" in a private channel', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (name) => {
        if (channelNameProblem(name) !== null) return;
        const inside = name.startsWith('user:') ? `${ALPHABET}:%` : `${ALPHABET}:`;
        expect([...name].filter((character) => !inside.includes(character))).toEqual([]);
      }),
    );
  });
});

describe('isWildcard', () => {
  it('accepts a group followed by a star, and every name of the group has its prefix', () => {
    fc.assert(
      fc.property(segments, segment, (group, name) => {
        const wildcard = `${group.join(':')}:*`;
        expect(isWildcard(wildcard)).toBe(true);
        expect([...group, name].join(':').startsWith(wildcardPrefix(wildcard))).toBe(true);
      }),
    );
  });

  it('covers whole segments', () => expect(wildcardPrefix('apps:*')).toBe('apps:'));

  it.each(['*', ':*', 'apps', 'apps:', 'apps:**', 'apps:*:created', 'apps:c*', '*:created', 'apps:*\n', 'user:%41:*'])(
    'rejects %j',
    (name) => expect(isWildcard(name)).toBe(false),
  );

  it('applies the length limit of channel names', () => {
    expect(isWildcard(`${lengthOf(MAX_CHANNEL_BYTES - 2)}:*`)).toBe(true);
    expect(isWildcard(`${lengthOf(MAX_CHANNEL_BYTES - 1)}:*`)).toBe(false);
  });
});

describe('userChannel and userOfChannel', () => {
  it('are inverse for every id that has a channel', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }), (userId) => {
        const channel = userChannel(userId);
        fc.pre(channel !== null);
        expect(userOfChannel(channel)).toBe(userId);
      }),
      { numRuns: 1000 },
    );
  });

  it('produce a valid name for every well-formed id that is short enough', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 16 }), (userId) => {
        const channel = userChannel(userId);
        expect(channel).not.toBeNull();
        expect(channelNameProblem(channel!)).toBeNull();
      }),
      { numRuns: 1000 },
    );
  });

  it('produce different names for different ids', () => {
    const id = fc.string({ unit: 'binary', minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(id, id, (a, b) => a === b || userChannel(a) !== userChannel(b)),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['u1', 'user:u1'],
    ['a@b.c', 'user:a@b.c'],
    ['ü', 'user:%C3%BC'],
    ['😀', 'user:%F0%9F%98%80'],
    ['a:b', 'user:a%3Ab'],
    ['100%', 'user:100%25'],
    ["!~*'()", 'user:%21%7E%2A%27%28%29'],
    ['*', 'user:%2A'],
    ['\0', 'user:%00'],
  ])('encode %j as %s', (userId, channel) => {
    expect(userChannel(userId)).toBe(channel);
    expect(userOfChannel(channel)).toBe(userId);
  });

  it('have no channel for an empty id and for lone surrogates', () => {
    expect(['', '\ud83d', 'a\ude00b', '\ude00\ud83d'].map(userChannel)).toEqual([null, null, null, null]);
  });

  it('apply the limit to the encoded bytes', () => {
    const most = MAX_CHANNEL_BYTES - 'user:'.length;
    expect(userChannel(lengthOf(most))).toHaveLength(MAX_CHANNEL_BYTES);
    expect(userChannel(lengthOf(most + 1))).toBeNull();
    expect(userChannel('ü'.repeat(32))).toHaveLength(197);
    expect(userChannel('ü'.repeat(33))).toBeNull();
    expect(userOfChannel(`user:${lengthOf(most + 1)}`)).toBeNull();
  });

  it.each([
    'user:%61bc',
    'user:%c3%bc',
    'user:%C3%bc',
    'user:%',
    'user:%4',
    'user:%ZZ',
    'user:%C3',
    'user:%ED%A0%80',
    'user:%40',
    'user:',
    'user',
    'users:u1',
    'user:a:b',
    'User:u1',
    ' user:u1',
    'user:u1 ',
    'user:u1\n',
    'user:ü',
    'user:*',
    '',
  ])('return null for %j', (channel) => expect(userOfChannel(channel)).toBeNull());

  it('accept only the canonical encoding of an id', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab%34cCdD1:@~'.split('')), maxLength: 12 }), (rest) => {
        const userId = userOfChannel(`user:${rest}`);
        return userId === null || userChannel(userId) === `user:${rest}`;
      }),
      { numRuns: 1000 },
    );
  });
});

describe('matchPattern', () => {
  it.each([
    ['announcements', 'announcements', {}],
    ['apps:*', 'apps:created', {}],
    ['apps:*', 'apps:created:eu', {}],
    ['user:{userId}', 'user:u1', { userId: 'u1' }],
    ['org:{org}:app:{app}', 'org:o1:app:a1', { org: 'o1', app: 'a1' }],
    ['org:{org}:*', 'org:o1:x:y', { org: 'o1' }],
    ['*', 'anything', {}],
  ])('%s matches %s', (pattern, name, params) => expect(matchPattern(pattern, name)).toEqual(params));

  it.each([
    ['apps:*', 'apps'],
    ['apps:*', 'appsx:created'],
    ['apps:created', 'apps:Created'],
    ['apps:created', 'apps:created:eu'],
    ['user:{userId}', 'user'],
    ['user:{userId}', 'user:a:b'],
    ['user:{userId}', 'users:a'],
    ['org:{org}:app:{app}', 'org:o1:user:a1'],
    ['org:{org}:*', 'org:o1'],
    ['{a:b', 'x:b'],
    ['a}:b', 'x:b'],
  ])('%s does not match %s', (pattern, name) => expect(matchPattern(pattern, name)).toBeNull());

  it('a name without parameters matches only itself', () => {
    fc.assert(
      fc.property(segments, segments, (one, other) => {
        const [name, another] = [one.join(':'), other.join(':')];
        expect(matchPattern(name, name)).toEqual({});
        expect(matchPattern(name, another) !== null).toBe(name === another);
      }),
    );
  });

  it('a parameter captures exactly its segment', () => {
    fc.assert(
      fc.property(segments, fc.nat(), (parts, at) => {
        const index = at % parts.length;
        const pattern = parts.with(index, '{it}').join(':');
        expect(matchPattern(pattern, parts.join(':'))).toEqual({ it: parts[index] });
      }),
    );
  });
});
