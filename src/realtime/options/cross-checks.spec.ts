import { crossChecks } from './cross-checks.js';
import { ResolvedRealtimeOptions } from './realtime-options.js';

const SECRET = 'x'.repeat(32);

/** Valid options with changes. The names of nested options are paths. */
function problemsOf(changes: Readonly<Record<string, unknown>>): string[] {
  const options = new ResolvedRealtimeOptions();
  options.jwt.secret = SECRET;
  for (const [path, value] of Object.entries(changes)) {
    const [name, inner] = path.split('.') as [string, string?];
    const target: object = inner === undefined ? options : (Reflect.get(options, name) as object);
    Reflect.set(target, inner ?? name, value);
  }
  return crossChecks(options);
}

describe('options that do not fit together', () => {
  it.each<[object, string]>([
    [{ 'jwt.secret': undefined }, '`jwt` needs `secret`'],
    [{ 'jwt.publicKey': 'k' }, '`jwt.secret` and `jwt.publicKey` exclude each other'],
    [{ 'jwt.algorithms': ['RS256'] }, '`jwt.algorithms` RS256 cannot be verified with `jwt.secret`'],
    [
      { 'jwt.secret': undefined, 'jwt.publicKey': 'k', 'jwt.algorithms': ['HS256', 'RS256'] },
      '`jwt.algorithms` HS256 cannot be verified with `jwt.publicKey`',
    ],
    [{ 'commands.timeoutMs': 300_001 }, '`commands.timeoutMs` must not be longer than `commands.windowMs`'],
    [{ 'redis.sentinels': ['a:1'], 'redis.cluster': ['a:1'] }, '`redis.sentinels` and `redis.cluster` exclude'],
    [{ 'redis.url': 'rediss://a', 'redis.tlsCert': 'c' }, '`redis.tlsCert` and `redis.tlsKey` belong together'],
    [{ 'redis.url': 'redis://a', 'redis.tlsCa': 'c' }, 'need a `redis.url` that begins with rediss://'],
    [{ 'redis.url': 'redis://a', backend: () => null }, '`backend` and `redis` exclude each other'],
    [{ 'redis.cluster': ['a:1'], backend: () => null }, '`backend` and `redis` exclude each other'],
    [{ 'redis.sentinels': ['a:1'], backend: () => null }, '`backend` and `redis` exclude each other'],
    [{ publishApi: false, publishApiKeys: ['k'] }, '`publishApiKeys` needs `publishApi`'],
    [{ publishApi: false, directPublishApi: true }, '`directPublishApi` needs `publishApi`'],
    [{ publishApiKeys: [{ tenants: ['a'] }] }, '`publishApiKeys` with `tenants` needs `tenants.claim`'],
    [{ 'tenants.platformRole': 'root' }, '`tenants.platformRole` needs `tenants.claim`'],
    [{ 'tenants.metrics': true }, '`tenants.metrics` needs `tenants.claim`'],
    [{ console: true }, '`console` needs `operatorApi`'],
    [{ consoleSession: '/a' }, '`consoleSession` needs `console`'],
  ])('%j', (changes, problem) => {
    const problems = problemsOf({ ...changes });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it.each([
    {},
    { 'commands.timeoutMs': 300_000 },
    { 'redis.url': 'rediss://a', 'redis.tlsCert': 'c', 'redis.tlsKey': 'k' },
    { backend: () => null },
    { publishApiKeys: ['k', { tenants: ['a'] }], 'tenants.claim': 'org' },
    { 'tenants.claim': 'org', 'tenants.platformRole': 'root', 'tenants.metrics': true },
    { operatorApi: true, console: true, consoleSession: '/a' },
    { 'jwt.secret': undefined, 'jwt.jwksUrl': 'https://a/keys', 'jwt.algorithms': ['ES256'] },
  ])('are not %j', (changes) => expect(problemsOf(changes)).toEqual([]));

  describe('in production', () => {
    beforeEach(() => void (process.env['NODE_ENV'] = 'production'));

    it('include missing origins, a short secret, and keys over plain HTTP', () => {
      expect(problemsOf({})).toEqual([expect.stringContaining('`origins` must be given in production')]);
      expect(problemsOf({ origins: ['*'], 'jwt.secret': [SECRET, 'x'.repeat(31)] })).toEqual([
        '`jwt.secret` must have at least 32 bytes in production',
      ]);
      const keysAt = (url: string) => problemsOf({ origins: ['*'], 'jwt.secret': undefined, 'jwt.jwksUrl': url });
      for (const url of ['https://a/keys', 'http://localhost/keys', 'http://127.0.0.1/k', 'http://[::1]/k']) {
        expect(keysAt(url)).toEqual([]);
      }
      for (const url of ['http://a/keys', 'keys']) {
        expect(keysAt(url)).toEqual([expect.stringContaining('must begin with https://')]);
      }
    });
  });
});
