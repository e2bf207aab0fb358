import { Counters } from '../../src/realtime/observability/counters.js';
import type { OriginRule } from '../../src/realtime/index.js';
import { signToken } from '../support/jwt.js';
import { TcpClient, upgradeRequest } from '../support/tcp.js';
import { RealtimeApp } from './support/realtime-app.js';

/** Returns the status line for an upgrade from this origin, over raw TCP. */
async function statusFor(app: RealtimeApp, origin: string | undefined, host = 'api.example.com'): Promise<string> {
  const client = await TcpClient.connect(app.port);
  client.send(upgradeRequest({ headers: { Host: host, Origin: origin } }));
  await client.until('\r\n\r\n');
  client.destroy();
  return client.text.split('\r\n')[0]!.slice('HTTP/1.1 '.length);
}

const IN = '101 Switching Protocols';
const OUT = '403 Forbidden';

describe('a list of origins', () => {
  let app: RealtimeApp;

  beforeAll(async () => {
    const origins = [
      'https://app.example.com',
      'http://localhost:3000',
      'https://*.example.org',
      'capacitor://localhost',
    ];
    app = await RealtimeApp.start({ origins: [...origins, 'https://*.example.net:8443'] });
  });
  afterAll(() => app.close());

  it.each([
    ['one that is listed', 'https://app.example.com'],
    ['one with its port', 'http://localhost:3000'],
    ['one of another scheme', 'capacitor://localhost'],
    ['a subdomain', 'https://a.example.org'],
    ['a subdomain of a subdomain', 'https://b.a-1.example.org'],
    ['a subdomain on the port that is named', 'https://a.example.net:8443'],
    ['none: no browser sends that', undefined],
  ])('lets in %s', async (_what, origin) => {
    expect(await statusFor(app, origin)).toBe(IN);
  });

  it.each([
    'https://example.com.evil.org',
    'https://app.example.com.evil.org',
    'https://evilapp.example.com',
    'https://evilexample.org',
    'https://example.org',
    'https://a.example.org.evil.com',
    'https://a.example.org:8443',
    'https://a.example.net',
    'http://a.example.org',
    'https://evil.com/.example.org',
    'https://evil.com#.example.org',
    'https://evil.com?.example.org',
    'https://user@a.example.org',
    'https://.example.org',
    'https://a..example.org',
    'https://*.example.org',
    'HTTPS://APP.EXAMPLE.COM',
    'https://APP.example.com',
    'https://app.example.com/',
    'https://app.example.com:443',
    'https://app.example.com:8443',
    'http://app.example.com',
    'https://app.example.com, https://evil.org',
    'http://localhost',
    'http://localhost:3001',
    'https://api.example.com',
    'null',
    '',
    'self',
    '*',
    'undefined',
  ])('refuses %j', async (origin) => {
    expect(await statusFor(app, origin)).toBe(OUT);
  });

  it('rejects before checking a token, counts rejections, and logs one line for many', async () => {
    const counters = app.app.get(Counters);
    const before = counters.handshakes.get('origin_refused');
    const lines = (): string[] => app.log.lines.filter((line) => line.includes('An upgrade from'));
    expect(lines()).toHaveLength(1);
    await expect(
      app.connect({ token: signToken({ sub: 'u1' }), headers: { Origin: 'https://evil.org' } }),
    ).rejects.toThrow('403');
    expect(counters.handshakes.get('origin_refused')).toBe(before + 1);
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toContain('option `origins`');
    expect(app.log.lines.join('\n')).not.toContain('A token was refused');
    expect(app.registry.size).toBe(0);
  });
});

describe('without origins, in development', () => {
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start();
  });
  afterAll(() => app.close());

  it.each([
    ['http://api.example.com:5173', 'api.example.com:8888'],
    ['https://api.example.com', 'api.example.com'],
    ['http://192.168.1.5:8888', '192.168.1.5:8888'],
    ['http://[fe80::1]:8888', '[fe80::1]:8888'],
    ['http://localhost:5173', 'api.example.com'],
    ['https://127.0.0.1:8443', 'localhost:8443'],
    ['http://[::1]:8888', 'localhost:8888'],
    ['http://app.localhost:8888', 'localhost:8888'],
  ])('the server’s host and localhost are allowed: %s at %s', async (origin, host) => {
    expect(await statusFor(app, origin, host)).toBe(IN);
  });

  it.each([
    ['https://evil.org', 'api.example.com'],
    ['https://api.example.com.evil.org', 'api.example.com'],
    ['https://evilapi.example.com', 'api.example.com'],
    ['http://api.example.com@evil.org', 'api.example.com'],
    ['http://api.example.com/', 'api.example.com'],
    ['http://localhost.evil.org', 'localhost'],
    ['http://127.0.0.1.evil.org', 'localhost'],
    ['http://evillocalhost', 'localhost'],
    ['null', 'localhost'],
    ['null', 'null'],
    ['', 'localhost'],
    ['http://undefined', ''],
  ])('another site is rejected: %s at %s', async (origin, host) => {
    expect(await statusFor(app, origin, host)).toBe(OUT);
  });
});

describe('keywords', () => {
  const starting = async (origins: string[] | OriginRule, ask: (app: RealtimeApp) => Promise<void>): Promise<void> => {
    const app = await RealtimeApp.start({ origins });
    try {
      await ask(app);
    } finally {
      await app.close();
    }
  };

  it('* allows every origin', () =>
    starting(['*'], async (app) => {
      for (const origin of ['https://evil.org', 'null', '']) expect(await statusFor(app, origin)).toBe(IN);
    }));

  it('self allows only the host that serves it, not localhost either', () =>
    starting(['self'], async (app) => {
      expect(await statusFor(app, 'https://api.example.com')).toBe(IN);
      expect(await statusFor(app, 'http://localhost:8888')).toBe(OUT);
      expect(await statusFor(app, 'null')).toBe(OUT);
    }));

  it('null allows only pages without an origin', () =>
    starting(['null'], async (app) => {
      expect(await statusFor(app, 'null')).toBe(IN);
      expect(await statusFor(app, 'https://evil.org')).toBe(OUT);
    }));

  it('a function decides, at once or later; one that throws, rejects or returns nonsense denies', () =>
    starting(
      (origin, request) => {
        if (origin === 'https://throws.example') throw new Error('broken by the test');
        if (origin === 'https://rejects.example') return Promise.reject(new Error('broken by the test'));
        if (origin === 'https://nonsense.example') return 'yes' as unknown as boolean;
        if (origin === 'https://later.example') return Promise.resolve(true);
        return origin === `https://${request.headers.host}`;
      },
      async (app) => {
        expect(await statusFor(app, 'https://api.example.com')).toBe(IN);
        expect(await statusFor(app, 'https://later.example')).toBe(IN);
        expect(await statusFor(app, 'https://throws.example')).toBe(OUT);
        expect(await statusFor(app, 'https://rejects.example')).toBe(OUT);
        expect(await statusFor(app, 'https://nonsense.example')).toBe(OUT);
        expect(await statusFor(app, 'https://other.example')).toBe(OUT);
        expect(app.log.lines.join('\n')).toContain('broken by the test');
      },
    ));

  it.each<[string, unknown]>([
    ['an empty list', []],
    ['a path', ['https://app.example.com/app']],
    ['a slash at the end', ['https://app.example.com/']],
    ['upper case', ['https://App.example.com']],
    ['a port that browsers leave out', ['https://app.example.com:443']],
    ['a host without a scheme', ['app.example.com']],
    ['a wildcard in the middle', ['https://app.*.com']],
    ['a wildcard without a dot', ['https://*example.com']],
    ['a string instead of a list', '*'],
    ['a number', [5]],
  ])('%s is rejected at startup', async (_what, origins) => {
    await expect(RealtimeApp.start({ origins: origins as string[] })).rejects.toThrow(
      /`origins` must be a function, or/,
    );
  });

  it('are required in production', async () => {
    const before = process.env['NODE_ENV'];
    process.env['NODE_ENV'] = 'production';
    try {
      await expect(RealtimeApp.start()).rejects.toThrow('`origins` must be given in production');
    } finally {
      process.env['NODE_ENV'] = before;
    }
  });
});
