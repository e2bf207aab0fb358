import { IsString } from 'class-validator';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { signToken } from '../support/jwt.js';
import { freePort } from '../support/ports.js';
import { runBash, runCli, runHere } from './run-cli.js';

class Shipped {
  @IsString()
  parcel!: string;
}

const KEY = 'a key of another service, long enough';

describe('publish', () => {
  let app: RealtimeApp;
  let url: string;

  beforeAll(async () => {
    app = await RealtimeApp.start({
      tenants: { claim: 'org', platformRole: 'platform' },
      channels: [{ name: 'orders:shipped', access: 'authenticated', data: Shipped }],
      publishApiKeys: [KEY, { name: 'apps', key: `${KEY}!`, channels: ['apps:*'] }],
    });
    url = app.url;
  });
  afterAll(() => app.close());

  const order = (parcel: unknown) => ['publish', 'orders:shipped', JSON.stringify({ parcel })];

  it('publishes with a key, and prints the id', async () => {
    const watcher = await app.connectAs({ org: 'acme' });
    watcher.send({ type: 'subscribe', channel: 'orders:shipped' });
    await watcher.next('subscribed');
    const { code, out, problems } = await runCli([...order('a'), '--tenant', 'acme'], {
      REALTIME_URL: url,
      REALTIME_KEY: KEY,
    });
    expect([code, problems]).toEqual([0, '']);
    const event = await watcher.next('event');
    expect(event).toMatchObject({ channel: 'orders:shipped', data: { parcel: 'a' } });
    expect(out).toBe(`${event.id}\n`);
    watcher.terminate();
  });

  it('publishes data of the standard input with the token of an administrator, once for an idempotency key', async () => {
    const line = `echo '{"parcel":"b"}' | cli publish orders:shipped - --json --idempotency-key order-1`;
    const env = { REALTIME_URL: url, REALTIME_TOKEN: signToken({ role: 'admin', org: 'umbrella' }) };
    const first = await runBash(line, env);
    const second = await runBash(line, env);
    expect([first.code, first.problems]).toEqual([0, '']);
    expect(JSON.parse(first.out)).toMatchObject({ id: expect.any(String) as string, channel: 'orders:shipped' });
    const idOf = (out: string) => (JSON.parse(out) as { id: string }).id;
    expect([second.code, second.problems]).toEqual([0, '']);
    expect(idOf(second.out)).toBe(idOf(first.out));
  });

  it.each<[string[], string]>([
    [['--key', 'wrong'], 'HTTP 401: Invalid API key\n'],
    [['--token', 'wrong'], 'HTTP 401: '],
    [['--token', signToken({ org: 'acme' })], 'HTTP 403: Only administrators can publish\n'],
    [['--key', `${KEY}!`], 'HTTP 403: The key apps is limited to the channels apps:*'],
    [
      ['--key', KEY, '--path', '/api/realtime/events'],
      'HTTP 404: Cannot POST /api/realtime/events\n  The path is wrong',
    ],
    [['--key', KEY], 'HTTP 400: Nothing was published\n  tenant: '],
  ])('describes a refusal with %j', async (options, problem) => {
    const { code, out, problems } = await runHere([...order('a'), '--url', url, ...options]);
    expect([code, out]).toEqual([1, '']);
    expect(problems).toContain(`not published: ${problem}`);
    expect(problems).not.toContain('eyJ');
    expect(problems).not.toContain(KEY);
  });

  it('names invalid fields', async () => {
    const { code, problems } = await runHere([...order(5), '--tenant', 'acme'], {
      REALTIME_URL: url,
      REALTIME_KEY: KEY,
    });
    expect(code).toBe(1);
    expect(problems).toBe(
      'not published: HTTP 400: Nothing was published\n  data: does not fit Shipped: parcel must be a string\n',
    );
  });

  it('says that too much data is refused', async () => {
    const env = { REALTIME_URL: url, REALTIME_KEY: KEY };
    const large = await runBash(`node -p 'JSON.stringify("x".repeat(9e6))' | cli publish orders:shipped -`, env);
    expect([large.code, large.problems]).toEqual([1, expect.stringContaining('HTTP 413: ') as string]);
  });

  it('does not follow a redirect with the key', async () => {
    const elsewhere = await RealtimeApp.start({ publishApiKeys: [KEY] });
    const redirecting = createServer((_, response) =>
      response.writeHead(307, { Location: `${elsewhere.http}/realtime/events` }).end(),
    );
    redirecting.listen(0, '127.0.0.1');
    await once(redirecting, 'listening');
    const { port } = redirecting.address() as AddressInfo;
    const args = ['publish', 'announcements', '{"message":"a"}', '--key', KEY, '--url', `ws://127.0.0.1:${port}`];
    const { code, out, problems } = await runHere(args);
    expect([code, out]).toEqual([1, '']);
    expect(problems).toContain(`The server redirects to ${elsewhere.http}/realtime/events: use that address.`);
    redirecting.closeAllConnections();
    redirecting.close();
    await elsewhere.close();
  });

  it('says that nothing was published if nothing listens', async () => {
    const free = await freePort();
    const { code, problems } = await runHere([...order('a'), '--key', KEY, '--url', `ws://127.0.0.1:${free}`]);
    expect([code, problems.split('\n')[0]]).toEqual([1, 'not published: the connection was refused']);
  });

  it.each([
    [['publish', 'orders:shipped'], 'publish takes a channel and its data as one argument of JSON, not 1'],
    [['publish', 'orders:shipped', 'text', '--key', 'k'], 'the data is not JSON: '],
    [['publish', 'orders:shipped', '1'], 'publish needs REALTIME_KEY or --key'],
    [['publish', 'orders:shipped', '1', '--key', 'k', '--token', 't'], 'use --key or --token, not both'],
    [['publish', 'orders:shipped', '-', '--key', '-'], 'the standard input is the data'],
  ])('exits with 2 for %j', async (args, problem) => {
    const { code, out, problems } = await runHere([...args, '--url', url]);
    expect([code, out]).toEqual([2, '']);
    expect(problems).toContain(`nestjs-realtime: ${problem}`);
  });
});
