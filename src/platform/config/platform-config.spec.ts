import { explain } from '../start/explain.js';
import { JwtKeys } from './jwt-keys.js';
import { PlatformConfig } from './platform-config.js';

const SECRET = 'a secret of at least thirty-two bytes';

/** Returns the startup message for an environment. */
function messageFor(env: NodeJS.ProcessEnv): string {
  try {
    return `It listens on ${new PlatformConfig(env).port}.`;
  } catch (error) {
    return explain(error);
  }
}

it('development listens on localhost only, with demo users', () => {
  const isOpenTo = (env: NodeJS.ProcessEnv): [string | undefined, boolean] => {
    const { host, demoUsers } = new PlatformConfig(env);
    return [host, demoUsers];
  };
  expect(isOpenTo({})).toEqual(['127.0.0.1', true]);
  expect(isOpenTo({ NODE_ENV: 'test' })).toEqual(['127.0.0.1', true]);
  expect(isOpenTo({ HOST: 'localhost' })).toEqual(['localhost', true]);
  expect(isOpenTo({ DEMO_USERS: 'false' })).toEqual(['127.0.0.1', false]);
  expect(isOpenTo({ HOST: '0.0.0.0' })).toEqual(['0.0.0.0', false]);
  expect(isOpenTo({ HOST: '0.0.0.0', DEMO_USERS: 'true' })).toEqual(['0.0.0.0', true]);
  expect(isOpenTo({ NODE_ENV: 'production', JWT_SECRET: SECRET })).toEqual([undefined, false]);
});

it('secrets rotate: the first signs, all verify', () => {
  const keys = (env: NodeJS.ProcessEnv) => JwtKeys.load(new PlatformConfig({ JWT_SECRET: SECRET, ...env }));
  expect(keys({}).verification).toEqual({ secret: [SECRET] });
  const { verification, signing } = keys({ JWT_EXTRA_SECRETS: 'the next one , the last one,' });
  expect(verification).toEqual({ secret: [SECRET, 'the next one', 'the last one'] });
  expect(signing).toEqual({ key: SECRET, algorithm: 'HS256' });
});

describe('an invalid environment is rejected in one sentence, without its secrets:', () => {
  it.each<[string, NodeJS.ProcessEnv, string]>([
    ['a port that is not a number', { PORT: '80x' }, 'PORT is "80x", but must be a whole number from 0 to 65535.'],
    ['a port out of range', { TLS_PORT: '70000' }, 'TLS_PORT is "70000", but must be a whole number from 0 to 65535.'],
    ['the same port twice', { PORT: '8080', TLS_PORT: '8080' }, 'PORT and TLS_PORT are both 8080, but must differ.'],
    [
      'demo users in production',
      { NODE_ENV: 'production', JWT_SECRET: SECRET, DEMO_USERS: 'true' },
      'DEMO_USERS is true, but everyone knows their password',
    ],
    ['an unknown NODE_ENV', { NODE_ENV: 'prod' }, 'NODE_ENV is "prod", but must be development, test or production.'],
    [
      'a key without a certificate',
      { TLS_KEY_FILE: 'k' },
      'TLS_KEY_FILE is given without TLS_CERT_FILE: give both or neither.',
    ],
    [
      'a secret and a key',
      { JWT_SECRET: SECRET, JWT_PUBLIC_KEY_FILE: 'p' },
      'JWT_SECRET and JWT_PUBLIC_KEY_FILE exclude each other: set one of them.',
    ],
    [
      'a duration without a unit',
      { JWT_EXPIRES_IN: '8' },
      'JWT_EXPIRES_IN is "8", but must be a number with s, m, h or d behind it',
    ],
    [
      'a JWKS URL and a secret',
      { JWT_JWKS_URL: 'https://issuer.example', JWT_SECRET: SECRET },
      'JWT_JWKS_URL excludes JWT_SECRET',
    ],
    [
      'production without a secret',
      { NODE_ENV: 'production' },
      'JWT_SECRET is missing: in production give a secret of at least 32 bytes, JWT_PUBLIC_KEY_FILE, or JWT_JWKS_URL.',
    ],
    [
      'production with a weak secret',
      { NODE_ENV: 'production', JWT_SECRET: 'secret-of-few' },
      'JWT_SECRET has 13 bytes, but must have at least 32 in production.',
    ],
    [
      'extra secrets without a signing secret',
      { JWT_EXTRA_SECRETS: SECRET },
      'JWT_EXTRA_SECRETS is given without JWT_SECRET, which signs: give both.',
    ],
    [
      'production with a weak extra secret',
      { NODE_ENV: 'production', JWT_SECRET: SECRET, JWT_EXTRA_SECRETS: `${SECRET}!,secret-of-few` },
      'JWT_EXTRA_SECRETS holds a secret of 13 bytes, but each must have at least 32 in production.',
    ],
    [
      'only one of the variables of the first admin',
      { ADMIN_EMAIL: 'a@b.c' },
      'ADMIN_EMAIL and ADMIN_PASSWORD belong together',
    ],
    [
      'a database that is not Postgres',
      { DATABASE_URL: 'mysql://root:hunter2@localhost/x' },
      'DATABASE_URL must be a URL such as postgres://user:password@host:5432/name, or memory: (its value is not shown).',
    ],
    ['an option of the module', { REALTIME_HISTORY_SIZE: 'many' }, 'REALTIME_HISTORY_SIZE must be a whole number'],
    [
      'tenants, which the platform does not support',
      { REALTIME_TENANT_CLAIM: 'org' },
      'REALTIME_TENANT_CLAIM must be empty',
    ],
    ['an unknown variable', { REALTIME_HISTORY: '5' }, 'REALTIME_HISTORY is not a known variable.'],
  ])('%s', (_, env, sentence) => {
    const said = messageFor({ PORT: '0', TLS_PORT: '0', DATABASE_URL: 'memory:', ...env });
    expect(said).toContain(sentence);
    expect(said).not.toMatch(/\n|hunter2|secret-of-few/);
  });

  it('but not an empty one', () => {
    expect(messageFor({})).toBe('It listens on 8888.');
  });
});
