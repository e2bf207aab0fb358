import { realtimeOptionsFromEnv } from './options-from-env.js';
import { publishKeysProblem } from './publish-keys.js';
import { RealtimeOptionsError, resolveOptions } from './resolve-options.js';

const KEY = 'SECRET of 16 characters or more';
const jwt = { secret: 'a secret of 32 bytes or more, yes' };
const good = { name: 'billing', key: KEY };

describe('publishing keys', () => {
  it.each<[string, unknown]>([
    ['none', []],
    ['strings', [KEY, `${KEY}2`]],
    ['the same string twice', [KEY, KEY]],
    ['a key with a name alone', [good]],
    ['both keys of a rotation', [good, { ...good, key: `${KEY}2` }]],
    [
      'every scope',
      [
        {
          ...good,
          channels: ['apps:created', 'apps:*', 'projects:{projectId}:updated', 'user:a%2Fb', 'announcements'],
          tenants: ['acme'],
          operations: ['publish', 'batch'],
        },
      ],
    ],
  ])('can be %s', (_what, keys) => {
    expect(publishKeysProblem(keys)).toBeNull();
  });

  it.each<[unknown, RegExp]>([
    [KEY, /array of keys/],
    [{ 0: good }, /array of keys/],
    [['short'], /entry 1 must be a string of 16 characters/],
    [[KEY, 5], /entry 2 must be a key/],
    [[null], /entry 1 must be a key/],
    [[[KEY]], /entry 1 must be a key/],
    [[{ key: KEY }], /entry 1 needs `name`/],
    [[{ ...good, name: 'a b' }], /needs `name`/],
    [[{ ...good, name: 'billing\n' }], /needs `name`/],
    [[{ ...good, name: 'x'.repeat(65) }], /needs `name`/],
    [[{ name: 'billing' }], /needs `key`/],
    [[{ ...good, key: 'short' }], /needs `key`/],
    [[{ name: 'a-key-as-its-own-name', key: 'a-key-as-its-own-name' }], /as its name/],
    [[{ ...good, channel: ['apps:*'] }], /no fields except name, key, channels, tenants, operations/],
    [[{ ...good, channels: 'apps:*' }], /needs `channels`/],
    [[{ ...good, channels: [] }], /needs `channels`/],
    [[{ ...good, channels: ['*'] }], /needs `channels`/],
    [[{ ...good, channels: ['apps:*:created'] }], /needs `channels`/],
    [[{ ...good, channels: ['apps*'] }], /needs `channels`/],
    [[{ ...good, channels: null }], /needs `channels`/],
    [[{ ...good, tenants: [] }], /needs `tenants`/],
    [[{ ...good, tenants: [''] }], /needs `tenants`/],
    [[{ ...good, operations: [] }], /needs `operations`: a list of publish, batch/],
    [[{ ...good, operations: ['delete'] }], /needs `operations`/],
    [[KEY, { ...good, channels: ['apps:*'] }], /entry 2 repeats one/],
  ])('cannot be %j, and the message contains no secret', (keys, problem) => {
    const found = publishKeysProblem(keys);
    expect(found).toMatch(problem);
    expect(found).not.toContain('SECRET');
  });

  it('are validated at the start, and never shown', () => {
    const start = () => resolveOptions({ jwt, publishApiKeys: [{ ...good, channels: [] }] });
    expect(start).toThrow(RealtimeOptionsError);
    expect(start).toThrow(/^(?![^]*SECRET)[^]*`publishApiKeys` has an invalid key: entry 1 needs `channels`/);
    expect(resolveOptions({ jwt, publishApiKeys: [KEY, { ...good, key: `${KEY}2` }] }).publishApiKeys).toHaveLength(2);
  });

  it('cannot be limited to tenants without the option tenants', () => {
    const publishApiKeys = [{ ...good, tenants: ['acme'] }];
    expect(() => resolveOptions({ jwt, publishApiKeys })).toThrow(
      '`publishApiKeys` with `tenants` needs `tenants.claim`',
    );
    expect(() => resolveOptions({ jwt, publishApiKeys, tenants: { claim: 'tenant' } })).not.toThrow();
  });
});

describe('REALTIME_PUBLISH_API_KEYS', () => {
  const read = (text: string): unknown => realtimeOptionsFromEnv({ REALTIME_PUBLISH_API_KEYS: text }).publishApiKeys;

  it('is a list separated by commas, or JSON', () => {
    expect(read(`${KEY}, ${KEY}2`)).toEqual([KEY, `${KEY}2`]);
    const keys = [KEY, { name: 'billing', key: `${KEY}2`, channels: ['apps:*'] }];
    expect(read(` ${JSON.stringify(keys)}`)).toEqual(keys);
  });

  it('is rejected if its JSON is invalid, without showing a secret', () => {
    let thrown: unknown;
    try {
      read(`[{"name":"billing","key":"${KEY}",}]`);
    } catch (error) {
      thrown = error;
    }
    const { message, cause } = thrown as Error;
    expect(message).toBe('REALTIME_PUBLISH_API_KEYS must be keys separated by commas, or a JSON list');
    expect(`${message}${String(cause)}`).not.toContain('SECRET');
  });
});
