import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { WebSocketServer } from 'ws';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { makeCertificate, type TestCertificate } from '../support/certificate.js';
import { secondsFromNow, signToken, unsignedToken } from '../support/jwt.js';
import { freePort } from '../support/ports.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { runCli, runHere } from './run-cli.js';

const checked = (url: string, options: readonly string[] = []) => runHere(['check', '--url', url, ...options]);

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

describe('check', () => {
  let app: RealtimeApp;
  let strict: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start({ origins: ['https://app.example'] });
    strict = await RealtimeApp.start({ anonymous: false, tenants: { claim: 'org', platformRole: 'platform' } });
  });
  afterAll(() => Promise.all([app.close(), strict.close()]));

  it('passes each step, and never prints the token', async () => {
    const token = signToken({ sub: 'u1', role: 'editor', org: 'acme' });
    const { code, out, problems } = await runCli(['check'], { REALTIME_URL: strict.http, REALTIME_TOKEN: token });
    expect([code, problems]).toEqual([0, '']);
    expect(out.split('\n').map((line) => line.slice(0, 15).trim())).toEqual([
      ...['✔ tcp', '✔ tls', '✔ upgrade', '✔ first frame', '✔ heartbeat', '✔ clock', '✔ token', 'All steps passe', ''],
    ]);
    expect(out).toMatch(/^✔ token {8}accepted: user u1, role editor, tenant acme; it ends in (59 min|1 h)$/m);
    expect(out).toMatch(/^✔ heartbeat {4}5 pings answered, round trip .* must be longer than 30 s$/m);
    for (const part of token.split('.')) expect(out).not.toContain(part);
  });

  it.each<[string, string, string[]]>([
    ['wrong', '404', ['✘ upgrade      HTTP 404: Cannot GET /wrong', 'The path is wrong (option path of the server']],
    ['ws', '403', ['✘ upgrade      HTTP 403', 'Add https://evil.example to the option origins']],
  ])('explains a wrong path and a refused web site: /%s is %s', async (path, _, expected) => {
    const { code, out } = await checked(`${app.http}/${path}`, ['--origin', 'https://evil.example']);
    expect(code).toBe(1);
    for (const text of expected) expect(out).toContain(text);
  });

  it('passes for an allowed web site, and without a token', async () => {
    const { code, out } = await checked(app.http, ['--origin', 'https://app.example']);
    expect([code, out]).toEqual([
      0,
      expect.stringContaining('✔ token        none: the server accepts anonymous') as string,
    ]);
  });

  it.each<[string, () => string[], string[]]>([
    ['none', () => [], ['Authentication required', '(auth_required)', 'The server accepts no anonymous clients']],
    ['text', () => ['--token', 'abc'], ['(token_invalid)', 'It is not a JWT']],
    [
      'a wrong signature',
      () => ['--token', signToken({ org: 'acme', iss: 'me' }, { key: 'x'.repeat(32) })],
      ['(token_invalid)', 'Its times and its user id look right.', 'alg "HS256", iss "me", aud absent'],
    ],
    ['no signature', () => ['--token', unsignedToken({ org: 'acme' })], ['(token_invalid)', 'It is not signed']],
    [
      'an ended one',
      () => ['--token', signToken({ org: 'acme', exp: secondsFromNow(-600) })],
      ['✘ token        The token has expired (token_expired)', 'Get a fresh token.', 'It ended 10 min ago ('],
    ],
    [
      'one that is not valid yet',
      () => ['--token', signToken({ org: 'acme', nbf: secondsFromNow(605) })],
      ['(token_invalid)', 'It becomes valid in 10 min ('],
    ],
    [
      'another tenant',
      () => ['--token', signToken({ org: 'acme' }), '--tenant', 'other'],
      ['(forbidden)', 'leave out --tenant'],
    ],
  ])('explains why a token is refused: %s', async (_, options, expected) => {
    const { code, out } = await checked(strict.http, options());
    expect(code).toBe(1);
    expect(out).toContain('✔ first frame  error ');
    expect(out).toContain('✔ clock ');
    for (const text of expected) expect(out).toContain(text);
    expect(out).not.toContain('eyJ');
  });

  it('explains a port on which nothing listens, and an unknown host', async () => {
    const refused = await checked(`ws://127.0.0.1:${await freePort()}`);
    expect([refused.code, refused.out]).toEqual([
      1,
      expect.stringMatching(/^✘ tcp {10}the connection was refused\n {15}Nothing listens/) as string,
    ]);
    const unknown = await checked('ws://nothing.invalid');
    expect([unknown.code, unknown.out]).toEqual([
      1,
      expect.stringMatching(/^✘ dns {10}the (host name is unknown|name server)/) as string,
    ]);
  });

  it.each([
    [['check', 'ws://a'], 'check takes no arguments'],
    [['check', '--timeout', 'soon', '--url', 'ws://a'], '--timeout is a number of seconds'],
    [['check', '--timeout', '0', '--url', 'ws://a'], '--timeout is a number of seconds'],
    [['check', '--origin', 'app', '--url', 'ws://a'], '--origin is a web site'],
    [['whoami', 'a-token'], 'whoami takes no arguments, only options'],
  ])('exits with 2 for %j', async (args, problem) => {
    const { code, out, problems } = await runHere(args);
    expect([code, out, problems]).toEqual([2, '', expect.stringContaining(problem) as string]);
    expect(problems).not.toContain('a-token');
  });

  describe('behind a proxy that', () => {
    let server: Server;
    let port: number;

    async function start(listener: RequestListener): Promise<void> {
      server = createServer(listener);
      port = await listening(server);
    }
    afterEach(() => closed(server));

    it.each([
      [200, {}, '<title>My app</title>', '✘ upgrade      HTTP 200: My app'],
      [426, {}, '{"message":"This path serves WebSocket."}', '✘ upgrade      HTTP 426: This path serves WebSocket.'],
    ])('answers with %s gets the lines for nginx', async (status, headers, body, expected) => {
      await start((_, response) => response.writeHead(status, headers).end(body));
      const { code, out } = await checked(`ws://127.0.0.1:${port}`);
      expect([code, out]).toEqual([1, expect.stringContaining(expected) as string]);
      expect(out).toContain('                   proxy_set_header Upgrade $http_upgrade;\n');
    });

    it('is busy says when to come back', async () => {
      await start((_, response) => response.writeHead(503, { 'Retry-After': '9' }).end());
      expect((await checked(`ws://127.0.0.1:${port}`)).out).toContain('Try again in 9 s.');
    });

    it('has another clock', async () => {
      const date = new Date(Date.now() + 3_600_000).toUTCString();
      await start((_, response) => response.writeHead(404, { Date: date }).end());
      const token = signToken({ exp: secondsFromNow(60) });
      const { out } = await checked(`ws://127.0.0.1:${port}`, ['--token', token]);
      expect(out).toMatch(/^! clock {8}the server's clock is (59 min|1 h) ahead of this machine's$/m);
      expect(out).toMatch(/^! token {8}was not checked by the server, but looks wrong\n {15}It ended (58|59) min ago/m);
    });

    it('accepts the upgrade, and passes on nothing', async () => {
      await start((_, response) => response.end());
      server.on('upgrade', ({ headers }, socket) => {
        const key = `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
        const accept = createHash('sha1').update(key).digest('base64');
        socket.write(
          `HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
        );
        socket.on('error', () => undefined);
        socket.resume().on('end', () => socket.end());
      });
      const { code, out } = await checked(`ws://127.0.0.1:${port}`, ['--timeout', '0.2']);
      expect([code, out]).toEqual([
        1,
        expect.stringContaining('✘ first frame  the connection opened, but no frame came\n') as string,
      ]);
    });

    it('serves another protocol', async () => {
      await start((_, response) => response.end());
      const sockets = new WebSocketServer({ server });
      sockets.on('connection', (socket) => socket.send('Welcome'));
      const { code, out } = await checked(`ws://127.0.0.1:${port}`);
      expect([code, out]).toEqual([
        1,
        expect.stringContaining('✘ first frame  another WebSocket server answers: Welcome\n') as string,
      ]);
      sockets.close();
    });

    it('becomes silent after the first frame', async () => {
      await start((_, response) => response.end());
      const sockets = new WebSocketServer({ server });
      const connected = {
        type: 'connected',
        connectionId: 'c',
        user: null,
        authorizedChannels: [],
        heartbeatMs: 30_000,
      };
      sockets.on('connection', (socket) => socket.send(JSON.stringify(connected)));
      const { code, out } = await checked(`ws://127.0.0.1:${port}`, ['--timeout', '0.2']);
      expect([code, out]).toEqual([
        1,
        expect.stringContaining('✘ heartbeat    the server did not answer ping 1 of 5\n') as string,
      ]);
      sockets.close();
    });
  });

  describe('with TLS', () => {
    let home: string;
    beforeAll(async () => (home = await makeTemporaryDirectory()));
    afterAll(() => removeDirectory(home));

    async function withTls<T>(certificate: TestCertificate, run: (port: number) => Promise<T>): Promise<T> {
      const server = createTlsServer({ key: certificate.key, cert: certificate.cert });
      app.server.attach(server);
      const port = await listening(server);
      try {
        return await run(port);
      } finally {
        await closed(server);
      }
    }

    it('names a self-signed certificate, and passes once it is trusted', async () => {
      const certificate = await makeCertificate('localhost');
      const ca = join(home, 'ca.pem');
      await writeFile(ca, certificate.cert);
      await withTls(certificate, async (port) => {
        const url = `https://localhost:${port}`;
        const { code, out } = await checked(url);
        expect([code, out]).toEqual([
          1,
          expect.stringContaining('✘ tls          the certificate is self-signed (localhost)\n') as string,
        ]);
        expect(out).not.toContain('upgrade'); // no token over a connection that is not trusted
        const trusted = await runCli(['check', '--url', url], { NODE_EXTRA_CA_CERTS: ca });
        expect([trusted.code, trusted.problems]).toEqual([0, '']);
        expect(trusted.out).toMatch(
          /^✔ tls {10}TLSv1\.3, certificate of localhost by localhost, valid until .*\(in 364 days\)$/m,
        );
        const whoami = await runHere(['whoami', '--url', url]);
        expect([whoami.code, whoami.problems]).toEqual([
          1,
          'not connected: the certificate is not valid (DEPTH_ZERO_SELF_SIGNED_CERT)\n  Run "check" with the same address.\n',
        ]);
      });
    });

    it('names every problem: expired, for another host, self-signed', async () => {
      const dates = { notBeforeDate: new Date('2020-01-01'), notAfterDate: new Date('2021-01-01') };
      await withTls(await makeCertificate('other.example', dates), async (port) => {
        const { code, out } = await checked(`wss://localhost:${port}`);
        expect(code).toBe(1);
        expect(out).toMatch(/^✘ tls {10}the certificate expired \d+ days ago/m);
        expect(out).toContain(
          '✘ tls          the certificate is not for localhost, but for DNS:other.example, IP Address:127.0.0.1',
        );
      });
    });

    it('names a port without TLS, and a TLS port without wss:', async () => {
      expect((await checked(`wss://127.0.0.1:${app.port}`)).out).toContain(
        '✘ tls          the server does not speak TLS on this port',
      );
      await withTls(await makeCertificate(), async (port) => {
        const { out } = await checked(`ws://127.0.0.1:${port}`);
        expect(out).toMatch(/✘ upgrade {6}the (connection was reset|server does not answer with HTTP)\n/);
        expect(out).toContain('If the port serves TLS, write wss://.');
      });
    });
  });

  describe('whoami', () => {
    it('prints user, role, tenant and end of the token', async () => {
      const env = {
        REALTIME_URL: strict.http,
        REALTIME_TOKEN: signToken({ sub: 'u1', org: 'acme', email: undefined }),
      };
      const { code, out, problems } = await runCli(['whoami'], env);
      expect([code, problems]).toEqual([0, '']);
      expect(out).toMatch(
        /^user {8}u1\nrole {8}user\ntenant {6}acme\nconnection {2}[\w-]+\ntoken ends {2}\S+Z \(in (59 min|1 h)\)\nheartbeat {3}30 s\n/,
      );
      expect(out).toMatch(/^channels {4}announcements apps:created/m);
      const json = await runHere(['whoami', '--json'], env);
      expect(JSON.parse(json.out)).toMatchObject({ user: { userId: 'u1', role: 'user' }, tenant: 'acme' });
    });

    it('explains refusals', async () => {
      const none = await runHere(['whoami', '--url', strict.http]);
      expect([none.code, none.problems]).toEqual([
        1,
        expect.stringMatching(/^not connected: Authentication required.*\(auth_required\)\n/) as string,
      ]);
      const wrong = await runHere(['whoami', '--url', strict.http, '--token', 'abc']);
      expect([wrong.code, wrong.problems]).toEqual([1, 'not connected: The token is not valid (token_invalid)\n']);
    });
  });
});
