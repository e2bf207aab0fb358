import { mkdir, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { Child } from '../support/child.js';
import { rsaKeyPair } from '../support/rsa-keys.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { EntryPoints } from './support/entry-points.js';

const SECRET = 'a secret of at least thirty-two bytes';

const settings = (directory: string): NodeJS.ProcessEnv => ({
  ...{ PATH: process.env['PATH'], PORT: '0', TLS_PORT: '0', DATABASE_URL: 'memory:', DATA_DIR: directory },
});

describe('the platform refuses to start, in one sentence,', () => {
  let directory: string;
  let entryPoints: EntryPoints;

  /** Runs the built platform until it exits. */
  async function refusal(env: NodeJS.ProcessEnv): Promise<{ code: number; said: string }> {
    const { code, stdout, stderr } = await entryPoints.run('dist/main.js', [], { ...settings(directory), ...env });
    expect(stdout).toBe('');
    return { code, said: stderr.trim() };
  }

  beforeAll(async () => {
    entryPoints = new EntryPoints();
    directory = await makeTemporaryDirectory();
    const other = rsaKeyPair('first');
    const pem = { public: { type: 'spki', format: 'pem' }, private: { type: 'pkcs8', format: 'pem' } } as const;
    await writeFile(join(directory, 'public.pem'), other.publicKey.export(pem.public));
    const { privateKey } = rsaKeyPair('foreign');
    await writeFile(join(directory, 'other-private.pem'), privateKey.export(pem.private));
    await writeFile(join(directory, 'text.pem'), 'no key');
  });

  afterAll(async () => {
    await entryPoints?.stop();
    await removeDirectory(directory);
  });

  // Errors from the environment alone are tested with PlatformConfig.
  it.each<[string, NodeJS.ProcessEnv, string]>([
    ['an address', { HOST: '192.0.2.1' }, 'HOST is "192.0.2.1", which is no address of this machine.'],
    [
      'a certificate that does not exist',
      { TLS_PORT: '1', TLS_KEY_FILE: '/nowhere/k', TLS_CERT_FILE: 'c' },
      'TLS_KEY_FILE is "/nowhere/k", which cannot be read: ENOENT: no such file or directory.',
    ],
    [
      'an issuer over plain http',
      { JWT_JWKS_URL: 'http://issuer.example/keys' },
      'JWT_JWKS_URL must begin with https://',
    ],
    [
      'production with a weak secret',
      { NODE_ENV: 'production', JWT_SECRET: 'secret-of-few' },
      'JWT_SECRET has 13 bytes, but must have at least 32 in production.',
    ],
    [
      'production without origins',
      { NODE_ENV: 'production', JWT_SECRET: SECRET },
      'REALTIME_ORIGINS must be given in production: the websites whose pages can connect, such as https://app.example.com',
    ],
    [
      'a database',
      { DATABASE_URL: 'mysql://root:hunter2@localhost/x' },
      'DATABASE_URL must be a URL such as postgres://user:password@host:5432/name, or memory: (its value is not shown).',
    ],
    [
      'an unreachable database',
      { DATABASE_URL: 'postgres://root:hunter2@127.0.0.1:1/x' },
      'DATABASE_URL: Postgres at 127.0.0.1:1/x cannot be used: connect ECONNREFUSED 127.0.0.1:1.',
    ],
    [
      'an option that is out of range',
      { REALTIME_HISTORY_SIZE: '0' },
      'REALTIME_HISTORY_SIZE must not be less than 1 (it is 0).',
    ],
    [
      'a list with a wrong entry',
      { REALTIME_PUBLISH_API_KEYS: 'hunter2' },
      'REALTIME_PUBLISH_API_KEYS has an invalid key: entry 1 must be a string of 16 characters or more.',
    ],
  ])('%s', async (_, env, sentence) => {
    const { code, said } = await refusal(env);
    expect(said).toContain(sentence);
    expect(said).not.toMatch(/\n\s+at |hunter2|secret-of-few/);
    expect(said.split('\n')).toHaveLength(1);
    expect(code).toBe(1);
  });

  it('start:prod is production', async () => {
    const child = new Child('npm', ['run', '--silent', 'start:prod'], { env: settings(directory) });
    await child.exited;
    expect(child.stderr).toContain('JWT_SECRET is missing: in production');
  });

  it('keys that do not form a pair, or are not keys', async () => {
    const file = (name: string) => join(directory, name);
    const foreign = { JWT_PUBLIC_KEY_FILE: file('public.pem'), JWT_PRIVATE_KEY_FILE: file('other-private.pem') };
    expect(await refusal(foreign)).toEqual({
      code: 1,
      said: 'JWT_PRIVATE_KEY_FILE and JWT_PUBLIC_KEY_FILE are not a pair.',
    });
    expect((await refusal({ JWT_PUBLIC_KEY_FILE: file('text.pem') })).said).toBe(
      'JWT_PUBLIC_KEY_FILE must hold a public key as PEM: RSA (RS256), or EC on P-256 (ES256).',
    );
    const text = { TLS_PORT: '1', TLS_KEY_FILE: file('text.pem'), TLS_CERT_FILE: file('text.pem') };
    expect((await refusal(text)).said).toMatch(
      /^TLS_KEY_FILE and TLS_CERT_FILE must hold a key and its certificate as PEM: /,
    );
  });

  it.each(['PORT', 'TLS_PORT'])('%s, when another process listens there', async (variable) => {
    const server = createServer().listen(0);
    await once(server, 'listening');
    const port = String((server.address() as AddressInfo).port);
    try {
      expect(await refusal({ [variable]: port })).toEqual({
        code: 1,
        said: `${variable} is ${port}, where another process listens already: stop that one, or choose another ${variable}.`,
      });
    } finally {
      server.close();
    }
  });

  it('a data directory that another process uses', async () => {
    const holder = new Child(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    try {
      await mkdir(join(directory, 'held'));
      await writeFile(join(directory, 'held', 'pglite.lock'), String(holder.pid));
      // In a separate process, which shows that a refusal ends it.
      const env = { ...settings(join(directory, 'held')), DATABASE_URL: undefined };
      const platform = new Child(process.execPath, ['dist/main.js'], { env });
      expect(await platform.exited).toEqual({ code: 1, signal: null });
      expect(platform.stdout).toBe('');
      expect(platform.stderr).toContain(
        `is in use by the process ${holder.pid}. Give this one another DATA_DIR, or DATABASE_URL.`,
      );
    } finally {
      await holder.stop('SIGKILL');
    }
  });

  it('and its stored files are readable by the owner only', async () => {
    const kept = await stat(join(directory, 'jwt-secret'));
    expect(kept.mode & 0o777).toBe(0o600);
  });
});
