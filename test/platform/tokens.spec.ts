import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child } from '../support/child.js';
import { PlatformProcess } from '../support/platform-process.js';
import { rsaKeyPair } from '../support/rsa-keys.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { connect } from '../support/ws-client.js';
import { ADMIN, Api, DEMO_PASSWORD } from './support/api.js';
import { EntryPoints, type Outcome } from './support/entry-points.js';
import { startTested } from './support/tested-platform.js';

const SECRET = 'a secret of at least thirty-two bytes';

const COMMAND = 'dist/platform/token.js';

let directory: string;
let entryPoints: EntryPoints;

beforeAll(async () => {
  directory = await makeTemporaryDirectory();
  entryPoints = new EntryPoints();
});

afterAll(async () => {
  await entryPoints?.stop();
  await removeDirectory(directory);
});

const settings = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...{ PATH: process.env['PATH'], DATA_DIR: directory },
  ...env,
});

/** Runs the command of `npm run token`. */
const tokenCommand = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
  entryPoints.run(COMMAND, args, settings(env));

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;
}

describe('the token command', () => {
  it('prints only a token with the requested claims', async () => {
    const asked = ['--user', 'u1', '--role', 'admin', '--email', 'a@example.com', '--expires', '2h'];
    const { stdout, stderr } = await tokenCommand(asked, { JWT_ISSUER: 'me', JWT_AUDIENCE: 'you' });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const { exp, iat, jti, ...claims } = claimsOf(stdout);
    expect(claims).toEqual({ sub: 'u1', role: 'admin', email: 'a@example.com', iss: 'me', aud: 'you' });
    expect(Math.ceil(Number(exp) - Number(iat))).toBe(7_200); // iat has milliseconds
    expect(jti).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is a script of the package', async () => {
    const args = ['run', '--silent', '--ignore-scripts', 'token', '--', '--user', 'u1', '--role', 'admin'];
    const child = new Child('npm', [...args, '--email', 'a@example.com'], {
      // The build is already done, so the script runs without its build step.
      env: { PATH: process.env['PATH'], HOME: directory, DATA_DIR: directory },
    });
    expect((await child.exited).code).toBe(0);
    expect(claimsOf(child.stdout)).toMatchObject({ sub: 'u1', role: 'admin', email: 'a@example.com' });
  });

  it('ends its process when it refuses', async () => {
    const file = join(directory, 'only.public.pem');
    await writeFile(file, rsaKeyPair('first').publicKey.export({ type: 'spki', format: 'pem' }));
    const child = new Child(process.execPath, [COMMAND, '--user', 'u1'], {
      env: settings({ JWT_PUBLIC_KEY_FILE: file }),
    });
    expect(await child.exited).toEqual({ code: 1, signal: null });
    expect(child.stderr).toMatch(/^This server does not issue tokens/);
  });

  it.each([
    [[], '--user must be the id of a user.'],
    [['--user', ''], '--user must be the id of a user.'],
    [['--user', 'u1', '--role', ''], '--role must not be empty.'],
    [['--user', 'u1', '--expires', 'soon'], '--expires must be a number with s, m, h or d behind it'],
    [['--user', 'u1', '--admin'], "Unknown option '--admin'"],
  ])('rejects %j with its usage', async (args, sentence) => {
    const { code, stdout, stderr } = await tokenCommand(args);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(sentence);
    expect(stderr).toContain('Usage: npm run --silent token');
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

describe('a platform in production', () => {
  let platform: PlatformProcess;

  beforeAll(async () => {
    const env = {
      NODE_ENV: 'production',
      JWT_SECRET: SECRET,
      JWT_EXTRA_SECRETS: `${SECRET} of before`,
      JWT_ISSUER: 'platform',
      JWT_AUDIENCE: 'apps',
      REALTIME_ORIGINS: 'self',
    };
    const admin = { ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: 'a long password' };
    platform = await PlatformProcess.start({ env: { ...env, ...admin } });
  }, 60_000);

  afterAll(async () => {
    await platform?.stop();
  });

  it('has its first admin and no demo users, and prints no token', async () => {
    const root = await Api.signIn(platform, 'root@example.com', 'a long password');
    expect((await root.get<object[]>('/api/users')).body).toEqual([
      expect.objectContaining({ email: 'root@example.com', role: 'admin' }),
    ]);
    await expect(Api.signIn(platform, ADMIN, DEMO_PASSWORD)).rejects.toThrow('401');
    expect((await root.get('/api/demo')).status).toBe(404);
    expect(platform.stdout).toContain('no TLS port (TLS_KEY_FILE is not given)');
    expect(platform.stdout + platform.stderr).not.toMatch(/eyJ|demo1234|thirty-two|a long password/);
  });

  it('accepts tokens of the command with the same environment only', async () => {
    const env = { JWT_SECRET: SECRET, JWT_ISSUER: 'platform', JWT_AUDIENCE: 'apps', NODE_ENV: 'production' };
    const token = (await tokenCommand(['--user', 'u1'], env)).stdout.trim();
    const client = await connect(platform.wsUrl, { header: `Bearer ${token}` });
    expect(await client.next('connected')).toMatchObject({ user: { userId: 'u1', email: null, role: 'user' } });
    await client.close();
    // A token from before the key rotation is valid for REST and the WebSocket.
    const old = (await tokenCommand(['--user', 'u1'], { ...env, JWT_SECRET: `${SECRET} of before` })).stdout.trim();
    const before = await connect(platform.wsUrl, { header: `Bearer ${old}` });
    expect(await before.next('connected')).toMatchObject({ user: { userId: 'u1' } });
    await before.close();
    expect((await new Api(platform.url, old).get('/api/apps')).status).toBe(200);
    const wrong = [{ JWT_AUDIENCE: 'others' }, { JWT_ISSUER: 'others' }, { JWT_SECRET: `${SECRET}!` }];
    for (const difference of wrong) {
      const foreign = (await tokenCommand(['--user', 'u1'], { ...env, ...difference })).stdout.trim();
      expect((await new Api(platform.url, foreign).get('/api/apps')).status).toBe(401);
    }
  });
});

describe.each([
  ['RS256', () => rsaKeyPair('first')],
  ['ES256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
] as const)('keys of %s', (algorithm, makeKeys) => {
  let env: { JWT_PUBLIC_KEY_FILE: string; JWT_PRIVATE_KEY_FILE: string };

  beforeAll(async () => {
    const { publicKey, privateKey } = makeKeys();
    env = {
      JWT_PUBLIC_KEY_FILE: join(directory, `${algorithm}.public.pem`),
      JWT_PRIVATE_KEY_FILE: join(directory, `${algorithm}.private.pem`),
    };
    await writeFile(env.JWT_PUBLIC_KEY_FILE, publicKey.export({ type: 'spki', format: 'pem' }));
    await writeFile(env.JWT_PRIVATE_KEY_FILE, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  });

  it('verify tokens of the private key; without that key, there is no sign-in', async () => {
    const token = (await tokenCommand(['--user', 'u1', '--role', 'admin'], env)).stdout.trim();
    expect(JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString())).toMatchObject({ alg: algorithm });

    const platform = await startTested({ JWT_SECRET: undefined, JWT_PUBLIC_KEY_FILE: env.JWT_PUBLIC_KEY_FILE });
    try {
      expect((await new Api(platform.origin, token).get('/api/auth/me')).body).toMatchObject({
        id: 'u1',
        role: 'admin',
      });
      const login = await new Api(platform.origin).post('/api/auth/login', { email: ADMIN, password: DEMO_PASSWORD });
      expect(login).toMatchObject({
        status: 501,
        body: { message: expect.stringContaining('does not issue tokens') as string },
      });
      const refused = await tokenCommand(['--user', 'u1'], { JWT_PUBLIC_KEY_FILE: env.JWT_PUBLIC_KEY_FILE });
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toMatch(/^This server does not issue tokens/);
    } finally {
      await platform.close();
    }
  }, 60_000);
});
