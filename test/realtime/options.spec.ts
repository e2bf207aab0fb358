import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  memoryBackend,
  RealtimeModule,
  RealtimeOptionsError,
  realtimeOptionsFromEnv,
  type RealtimeOptions,
} from '../../src/realtime/index.js';
import { TEST_SECRET } from '../support/jwt.js';
import { rsaKeyPair } from '../support/rsa-keys.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { RealtimeApp } from './support/realtime-app.js';

const ed25519 = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }) as string;
const rsa = rsaKeyPair('first').publicKey.export({
  type: 'spki',
  format: 'pem',
}) as string;
const jwt = { secret: TEST_SECRET };

describe('invalid options', () => {
  /** Returns the error message of a failed startup. */
  async function refusal(options: object): Promise<string> {
    const error: unknown = await RealtimeApp.start(options as RealtimeOptions).then(
      (app) => app.close(),
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(RealtimeOptionsError);
    return (error as Error).message;
  }

  it.each<[object, string, string]>([
    [{ backend: 5 }, '`backend`', 'must be a function such as memoryBackend() or redisBackend({ url }) (it is 5)'],
    [{ backend: memoryBackend(), redis: { url: 'redis://localhost' } }, '`backend`', 'exclude each other: set one'],
    [{ path: 'ws' }, '`path`', 'must be a path such as /ws (it is "ws")'],
    [{ path: '/ws?x' }, '`path`', 'it is "/ws?x"'],
    [{ path: 5 }, '`path`', 'it is 5'],
    [{ adminRole: '' }, '`adminRole`', 'should not be empty'],
    [{ anonymous: 'yes' }, '`anonymous`', 'it is "yes"'],
    [{ authTimeoutMs: 50 }, '`authTimeoutMs`', 'must not be less than 100 (it is 50)'],
    [{ heartbeatIntervalMs: '30s' }, '`heartbeatIntervalMs`', 'it is "30s"'],
    [{ heartbeatIntervalMs: NaN }, '`heartbeatIntervalMs`', 'must be an integer'],
    [{ maxFrameBytes: 2 ** 30 }, '`maxFrameBytes`', 'must not be greater than 16777216'],
    [{ framesPerSecond: 0 }, '`framesPerSecond`', 'must not be less than 1 (it is 0)'],
    [{ framesPerSecond: 1.5 }, '`framesPerSecond`', 'must be an integer'],
    [{ maxConnections: -1 }, '`maxConnections`', 'it is -1'],
    [{ maxConnections: Infinity }, '`maxConnections`', 'must be an integer'],
    [{ maxConnectionsPerUser: 0 }, '`maxConnectionsPerUser`', 'it is 0'],
    [{ maxSubscriptionsPerConnection: 0 }, '`maxSubscriptionsPerConnection`', 'it is 0'],
    [{ maxBufferedBytes: 1 }, '`maxBufferedBytes`', 'must not be less than 16384'],
    [{ closeTimeoutMs: 0 }, '`closeTimeoutMs`', 'it is 0'],
    [{ maxEventBytes: 0 }, '`maxEventBytes`', 'it is 0'],
    [{ history: { size: 0 } }, '`history.size`', 'must not be less than 1 (it is 0)'],
    [{ history: { ttlMs: 10 } }, '`history.ttlMs`', 'must not be less than 1000'],
    [{ history: { length: 10 } }, '`history.length`', 'is not a known option'],
    [{ recoveryMaxEvents: 0 }, '`recoveryMaxEvents`', 'it is 0'],
    [{ recoveryMaxBytes: 0 }, '`recoveryMaxBytes`', 'it is 0'],
    [{ channels: 'apps:x' }, '`channels`', 'must be an array'],
    [{ publishApiKeys: 'key' }, '`publishApiKeys`', 'must be an array'],
    [{ publishApiKeys: ['short'] }, '`publishApiKeys`', '16 characters'],
    [{ drainDelayMs: -1 }, '`drainDelayMs`', 'it is -1'],
    [{ reconnectSpreadMs: -1 }, '`reconnectSpreadMs`', 'it is -1'],
    [{ pathh: '/ws' }, '`pathh`', 'is not a known option'],
    [{ jwt: {} }, '`jwt`', 'needs `secret` (HS256), `publicKey`'],
    [{ jwt: undefined }, '`jwt`', 'needs `secret`'],
    [{ jwt: null }, '`jwt`', ''],
    [{ jwt: 'secret' }, '`jwt`', ''],
    [{ jwt: { secret: '' } }, '`jwt.secret`', 'non-empty string'],
    [{ jwt: { secret: 5 } }, '`jwt.secret`', 'must be a non-empty string'],
    [{ jwt: { secret: TEST_SECRET, publicKey: rsa } }, '`jwt.publicKey`', 'exclude each other'],
    [{ jwt: { secret: TEST_SECRET }, console: true }, '`console`', 'needs `operatorApi`'],
    [{ jwt, consoleSession: '/auth/console' }, '`consoleSession`', 'needs `console`'],
    [{ jwt, tenants: { platformRole: 'root' } }, '`tenants.platformRole`', 'needs `tenants.claim`'],
    [{ jwt, tenants: { metrics: true } }, '`tenants.metrics`', 'needs `tenants.claim`'],
    [{ jwt: { publicKey: 'a key' } }, '`jwt.publicKey`', 'must be a public key as PEM'],
    [{ jwt: { publicKey: '-----BEGIN PUBLIC KEY-----' } }, '`jwt.publicKey`', 'cannot be read'],
    [{ jwt: { publicKey: ed25519 } }, '`jwt.publicKey`', 'must be an RSA key, or an EC key'],
    [{ jwt: { ...jwt, algorithms: [] } }, '`jwt.algorithms`', 'should not be empty'],
    [{ jwt: { ...jwt, algorithms: ['none'] } }, '`jwt.algorithms`', 'HS256'],
    [{ jwt: { ...jwt, algorithms: ['RS256'] } }, '`jwt.algorithms`', 'RS256 cannot be verified with `jwt.secret`'],
    [{ jwt: { publicKey: rsa, algorithms: ['HS256'] } }, '`jwt.algorithms`', 'HS256 cannot be verified'],
    [{ jwt: { publicKey: rsa, algorithms: ['ES256'] } }, '`jwt.algorithms`', 'ES256 cannot be verified'],
    [{ jwt: { ...jwt, clockToleranceSeconds: 301 } }, '`jwt.clockToleranceSeconds`', 'it is 301'],
    [{ jwt: { ...jwt, claims: { userId: [] } } }, '`jwt.claims.userId`', 'should not be empty'],
    [{ jwt: { ...jwt, claims: { sub: 'x' } } }, '`jwt.claims.sub`', 'is not a known option'],
  ])('are rejected at startup by a sentence that names them: %j', async (options, name, sentence) => {
    const message = await refusal(options);
    expect(message).toContain(name);
    expect(message).toContain(sentence);
  });

  it.each(['//evil.example/', '/\\evil.example/', 'https://evil.example/', 'auth', '', '/a"><script>', '/a?b', 5])(
    'are refused if %s is not a path on the same host',
    async (consoleSession) => {
      const message = await refusal({ jwt, operatorApi: true, console: true, consoleSession });
      expect(message).toContain('`consoleSession` must be a path on the same host, such as /auth/console');
    },
  );

  it('are all reported at once', async () => {
    const message = await refusal({ path: '', framesPerSecond: 0, history: { size: 0, ttlMs: 0 } });
    for (const name of ['path', 'framesPerSecond', 'history.size', 'history.ttlMs'])
      expect(message).toContain(`\`${name}\``);
  });

  it('are reported without secrets', async () => {
    const secret = 'do-not-show';
    const messages = await Promise.all(
      [
        { jwt: { secret: [secret, ''] } },
        { jwt: { secret: { secret } } },
        { jwt: { publicKey: secret } },
        { jwt: { secret, publicKey: secret } },
        { jwt, publishApiKeys: [secret] },
        { jwt, publishApiKeys: secret },
        { jwt: secret },
        { jwt: [secret] },
      ].map(refusal),
    );
    for (const message of messages) expect(message).not.toContain(secret);
  });

  it('can be given only once: a second forRoot in the same application is rejected', async () => {
    @Module({ imports: [RealtimeModule.forRoot({ jwt })] })
    class FeatureModule {}
    @Module({ imports: [RealtimeModule.forRoot({ jwt }), FeatureModule] })
    class AppModule {}
    await expect(NestFactory.create(AppModule, { logger: false, abortOnError: false })).rejects.toThrow(
      'forRoot is imported 2 times: import it once, in the root module.',
    );
  });

  it('are rejected if missing entirely', async () => {
    const start = NestFactory.createApplicationContext(
      RealtimeModule.forRootAsync({ useFactory: () => undefined as unknown as RealtimeOptions }),
      { logger: false, abortOnError: false },
    );
    await expect(start).rejects.toThrow('forRoot needs an object with at least `jwt`');
  });

  it.each<[string, object, string]>([
    [
      'keys of two kinds',
      { secret: 'x'.repeat(32), jwksUrl: 'https://a.example' },
      '`jwt.secret` and `jwt.jwksUrl` exclude',
    ],
    ['none', {}, '`jwt` needs `secret` (HS256), `publicKey` (RS256, ES256) or `jwksUrl`'],
    [
      'a secret’s algorithm for published keys',
      { jwksUrl: 'https://a.example', algorithms: ['HS256'] },
      'HS256 cannot be',
    ],
    ['no URL', { jwksUrl: 'https://' }, '`jwt.jwksUrl` must'],
    [
      'an empty audience',
      { secret: 'x'.repeat(32), audience: [] },
      '`jwt.audience` must be a non-empty string, or a list',
    ],
    [
      'an audience that is not a string',
      { secret: 'x'.repeat(32), audience: ['a', 5] },
      '`jwt.audience` must be a non-empty string, or a list',
    ],
  ])('are rejected with %s', async (_what, given, sentence) => {
    expect(await refusal({ jwt: given as RealtimeOptions['jwt'] })).toContain(sentence);
  });

  describe('in production', () => {
    const before = process.env['NODE_ENV'];
    afterEach(() => {
      process.env['NODE_ENV'] = before;
    });

    it('a secret under 32 bytes is rejected, one of 32 is not', async () => {
      process.env['NODE_ENV'] = 'production';
      expect(await refusal({ jwt: { secret: 'x'.repeat(31) }, origins: ['*'] })).toContain(
        '`jwt.secret` must have at least 32 bytes',
      );
      expect(await refusal({ jwt: { jwksUrl: 'http://issuer.example/keys' }, origins: ['*'] })).toContain(
        '`jwt.jwksUrl` must begin with https://',
      );
      const app = await RealtimeApp.start({ jwt: { secret: 'x'.repeat(32) }, origins: ['*'] });
      await app.close();
    });
  });
});

describe('options that are undefined', () => {
  it('get the defaults, also in groups', async () => {
    const app = await RealtimeApp.start({ heartbeatIntervalMs: undefined, history: { size: undefined, ttlMs: 5_000 } });
    expect(await (await app.connect()).next('connected')).toMatchObject({ heartbeatMs: 30_000 });
    await app.close();
  });
});

describe('realtimeOptionsFromEnv', () => {
  it.each([
    ['true', true],
    ['false', false],
    ['announcements, apps:*', ['announcements', 'apps:*']],
  ])('reads built-in channels: %s', (value, builtInChannels) => {
    expect(realtimeOptionsFromEnv({ REALTIME_BUILT_IN_CHANNELS: value })).toEqual({ builtInChannels });
  });

  it('reads every variable of its kind', () => {
    expect(
      realtimeOptionsFromEnv({
        REALTIME_ORIGINS: 'https://app.example.com, self',
        REALTIME_PATH: '/live',
        REALTIME_ADMIN_ROLE: 'root',
        REALTIME_ANONYMOUS: 'false',
        REALTIME_MAX_FRAME_BYTES: '2048',
        REALTIME_DRAIN_DELAY_MS: '0',
        REALTIME_HISTORY_SIZE: '7',
        REALTIME_HISTORY_TTL_MS: '9000',
        REALTIME_PUBLISH_API_KEYS: 'first-key-of-two , second-key-of-two,',
        OTHER: 'x',
      }),
    ).toEqual({
      origins: ['https://app.example.com', 'self'],
      path: '/live',
      adminRole: 'root',
      anonymous: false,
      maxFrameBytes: 2048,
      drainDelayMs: 0,
      history: { size: 7, ttlMs: 9000 },
      publishApiKeys: ['first-key-of-two', 'second-key-of-two'],
    });
  });

  it('reads the files of certificates', async () => {
    const directory = await makeTemporaryDirectory();
    const path = join(directory, 'ca.pem');
    await writeFile(path, 'text of the file');
    expect(realtimeOptionsFromEnv({ REALTIME_REDIS_TLS_CA_FILE: path })).toEqual({
      redis: { tlsCa: 'text of the file' },
    });
    await removeDirectory(directory);
    expect(() => realtimeOptionsFromEnv({ REALTIME_REDIS_TLS_CA_FILE: path })).toThrow(
      /^REALTIME_REDIS_TLS_CA_FILE must name a file that can be read: ENOENT/,
    );
  });

  it('omits unset and empty variables', () => {
    expect(realtimeOptionsFromEnv({ REALTIME_PATH: '', REALTIME_HISTORY_SIZE: undefined })).toEqual({});
  });

  it.each([
    ['REALTIME_MAX_CONNECTIONS', 'many', 'must be a whole number (it is "many")'],
    ['REALTIME_MAX_CONNECTIONS', '-1', 'must be a whole number'],
    ['REALTIME_MAX_CONNECTIONS', '1e3', 'must be a whole number'],
    ['REALTIME_HISTORY_SIZE', '1.5', 'must be a whole number'],
    ['REALTIME_ANONYMOUS', 'yes', 'must be true or false (it is "yes")'],
    ['REALTIME_CLUSTER_KEYS', ' , ', 'must hold an entry, or be empty'],
    ['REALTIME_ORIGINS', ',', 'must hold an entry, or be empty (it is ",")'],
    ['REALTIME_ANONIMOUS', 'true', 'Known variables: REALTIME_PATH'],
  ])('rejects %s=%s by a sentence that names it', (variable, value, sentence) => {
    expect(() => realtimeOptionsFromEnv({ [variable]: value })).toThrow(new RegExp(`^${variable}.*`));
    expect(() => realtimeOptionsFromEnv({ [variable]: value })).toThrow(sentence);
  });
});
