import { ResolvedRealtimeOptions, type RealtimeOptions } from './realtime-options.js';
import { RealtimeOptionsError, resolveOptions } from './resolve-options.js';

const jwt = { secret: 'x'.repeat(32) };

/** Returns the problems of invalid options. */
function problemsOf(options: unknown): readonly string[] {
  try {
    resolveOptions(options as RealtimeOptions);
    return [];
  } catch (error) {
    if (!(error instanceof RealtimeOptionsError)) throw error;
    return error.problems;
  }
}

describe('resolveOptions', () => {
  it('fills in every default', () => {
    const { jwt: resolved, ...others } = resolveOptions({ jwt });
    const { jwt: _, ...defaults } = new ResolvedRealtimeOptions();
    expect(others).toEqual(defaults);
    expect(resolved).toMatchObject({ ...jwt, clockToleranceSeconds: 5, allowWithoutExpiry: false });
    expect(resolved.claims.userId).toEqual(['sub', 'userId', 'id']);
  });

  it('accepts a falsy value if it is valid', () => {
    const options = resolveOptions({ jwt: { ...jwt, clockToleranceSeconds: 0 }, anonymous: false, drainDelayMs: 0 });
    expect(options).toMatchObject({ anonymous: false, drainDelayMs: 0, jwt: { clockToleranceSeconds: 0 } });
  });

  it('uses the default for undefined, at every depth', () => {
    const given = { jwt: { ...jwt, issuer: undefined }, path: undefined, history: { size: 5, ttlMs: undefined } };
    expect(resolveOptions(given)).toMatchObject({ path: '/ws', history: { size: 5, ttlMs: 300_000 } });
  });

  it('refuses invalid events by default, in production as elsewhere', () => {
    const before = process.env['NODE_ENV'];
    process.env['NODE_ENV'] = 'production';
    expect(new ResolvedRealtimeOptions().invalidEvents).toBe('throw');
    process.env['NODE_ENV'] = before;
    expect(new ResolvedRealtimeOptions().invalidEvents).toBe('throw');
  });

  it('does not share its defaults between applications', () => {
    resolveOptions({ jwt }).publishApiKeys.push('changed');
    expect(resolveOptions({ jwt }).publishApiKeys).toEqual([]);
  });

  it('does not convert values: a string is not a number', () => {
    expect(problemsOf({ jwt, maxConnections: '5' })).toEqual([expect.stringContaining('(it is "5")')]);
  });

  it('reports each problem once, with the value and what is allowed', () => {
    expect(problemsOf({ jwt, framesPerSecond: 0 })).toEqual(['`framesPerSecond` must not be less than 1 (it is 0)']);
    expect(problemsOf({ jwt, path: 'ws' })).toEqual(['`path` must be a path such as /ws (it is "ws")']);
  });

  it.each([
    [{ jwt: { secrett: 'x' } }, '`jwt.secrett` is not a known option: did you mean `secret`?'],
    [{ jwt, heartbeat: 5 }, '`heartbeat` is not a known option: did you mean `heartbeatIntervalMs`?'],
    [{ jwt, Orgins: [] }, '`Orgins` is not a known option: did you mean `origins`?'],
    [{ jwt, redis: { uri: 'x' } }, '`redis.uri` is not a known option: did you mean `url`?'],
    [{ jwt, cors: true }, '`cors` is not a known option'],
    [{ jwt, x: 1 }, '`x` is not a known option'],
    [{ jwt, history: 5 }, '`history` must be an object such as { size: 100, ttlMs: 300000 } (it is 5)'],
    [{ jwt, redis: 'redis://:pw@x' }, '`redis` must be an object such as { url: "redis://localhost:6379" }'],
    [{ jwt: 'my secret' }, '`jwt` must be an object such as { secret }'],
  ])('explains what to do for %j', (given, problem) => {
    expect(problemsOf(given)).toEqual([problem]);
  });

  it.each([undefined, null, 'options', 5])('rejects %j instead of options', (given) => {
    expect(problemsOf(given)).toEqual([expect.stringContaining('forRoot needs an object')]);
  });

  it('truncates a long value', () => {
    expect(problemsOf({ jwt, path: 'x'.repeat(500) }).join('\n').length).toBeLessThan(200);
  });

  it.each([
    [{ tlsCa: 'ca.pem' }, '`redis.tlsCa` must be a certificate as PEM'],
    [
      { url: 'rediss://host', tlsKey: '-----BEGIN PRIVATE KEY-----' },
      '`redis.tlsCert` and `redis.tlsKey` belong together',
    ],
    [{ url: 'rediss://host', tlsCert: '-----BEGIN CERTIFICATE-----' }, 'belong together'],
    [{ url: 'redis://host', tlsCa: '-----BEGIN CERTIFICATE-----' }, 'need a `redis.url` that begins with rediss://'],
    [{ sentinels: ['a:1'], tlsCa: '-----BEGIN CERTIFICATE-----' }, 'need a `redis.url` that begins with rediss://'],
  ])('rejects TLS options of Redis that cannot work: %j', (redis, problem) => {
    expect(problemsOf({ jwt, redis }).join()).toContain(problem);
  });

  it.each([
    { jwt: 'SECRET' },
    { jwt: ['SECRET'] },
    { jwt: { secret: ['SECRET', ''] } },
    { jwt: { publicKey: 'SECRET' } },
    { jwt, publishApiKeys: ['SECRET'] },
    { jwt, redis: 'redis://user:SECRET@host' },
    { jwt, redis: { url: 'http://user:SECRET@host' } },
    { jwt, redis: { tlsKey: 'SECRET' } },
    { jwt, apiKey: 'SECRET' },
  ])('never shows a secret: %j', (options) => {
    const problems = problemsOf(options);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join('\n')).not.toContain('SECRET');
  });
});
