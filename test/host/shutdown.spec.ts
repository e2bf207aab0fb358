import { existsSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { BUSY_MACHINE_MS } from '../realtime/support/child-app.js';
import { Child } from '../support/child.js';
import { signToken, TEST_SECRET } from '../support/jwt.js';
import { TcpClient, upgradeRequest } from '../support/tcp.js';
import { within } from '../support/within.js';
import { KeepAliveClient } from './support/keep-alive-client.js';

const ADMIN = { Authorization: `Bearer ${signToken({ role: 'admin' })}` };
const EVENT = JSON.stringify({ channel: 'user:u1', data: 'published' });

async function start(adapter: string, options: object): Promise<{ child: Child; port: number; url: string }> {
  if (!existsSync('dist/realtime/index.js')) throw new Error('dist is missing: run "npm run build" first');
  const settings = { jwt: { secret: TEST_SECRET }, maxEventLoopDelayMs: BUSY_MACHINE_MS, ...options };
  const child = new Child(process.execPath, [
    resolve('test/host/support/stock-app.mjs'),
    adapter,
    JSON.stringify(settings),
  ]);
  await child.said(/listening on \d+\n/, BUSY_MACHINE_MS);
  const port = Number(/listening on (\d+)/.exec(child.stdout)![1]);
  return { child, port, url: `http://127.0.0.1:${port}` };
}

/** Resolves once nothing listens on the port. */
async function untilRefused(port: number): Promise<void> {
  for (;;) {
    const socket = connectTcp({ port, host: '127.0.0.1' });
    try {
      await once(socket, 'connect');
    } catch {
      return;
    } finally {
      socket.destroy();
    }
  }
}

describe.each(['express', 'fastify'])('SIGTERM to a stock application (%s)', (adapter) => {
  it('ends the process, although clients keep their connections alive', async () => {
    const { child, url } = await start(adapter, { drainDelayMs: 2_000, operatorApi: true });
    const post = { method: 'POST', headers: { ...ADMIN, 'Content-Type': 'application/json' } };
    const publisher = new KeepAliveClient({ ...post, url: `${url}/realtime/events`, body: EVENT });
    const operator = new KeepAliveClient({ url: `${url}/realtime/stats`, headers: ADMIN });
    const caller = new KeepAliveClient({ url: `${url}/orders` });
    try {
      const clients = [publisher, operator, caller];
      while (clients.some(({ answers }) => answers.length < 2)) await new Promise((turn) => void setTimeout(turn, 5));
      for (const { answers } of clients) expect(answers[1]).toMatchObject({ connection: 'keep-alive' });
      expect(publisher.answers[1]).toMatchObject({ status: 201 });
      child.kill('SIGTERM');
      expect(await within(20_000, 'the end of the process', child.exited)).toEqual({ code: null, signal: 'SIGTERM' });
      await within(20_000, 'the end of the clients', Promise.all(clients.map(({ ended }) => ended)));
      const last = publisher.answers.at(-1)!;
      expect(last).toMatchObject({ status: 503, connection: 'close', retryAfter: '1' });
      expect(JSON.parse(last.body)).toEqual({
        statusCode: 503,
        error: 'Service Unavailable',
        message: 'This instance is shutting down: send the request to another one',
      });
      for (const { answers } of [operator, caller])
        expect(answers.find(({ connection }) => connection === 'close')).toMatchObject({ status: 200 });
      expect(child.stderr).toBe('');
    } finally {
      child.kill('SIGKILL');
      await Promise.all([publisher, operator, caller].map((client) => client.stop()));
    }
  });

  it('answers upgrades with 503 until the HTTP server closes, also after the drain', async () => {
    const { child, port } = await start(adapter, { drainDelayMs: 0 });
    try {
      const [early, slow] = [await TcpClient.connect(port), await TcpClient.connect(port)];
      slow.send('GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await child.said('slow\n');
      child.kill('SIGTERM');
      await untilRefused(port);
      early.send(upgradeRequest());
      const answer = await early.untilClosed();
      expect(answer).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
      expect(answer).toMatch(/\r\nConnection: close\r\n/);
      child.kill('SIGWINCH');
      expect(await slow.untilClosed(10_000)).toContain('["late"]');
      expect(await child.exited).toEqual({ code: null, signal: 'SIGTERM' });
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('refuses a request with a large body so that the client can read the reason', async () => {
    const { child, port, url } = await start(adapter, { drainDelayMs: 3_000 });
    try {
      child.kill('SIGTERM');
      await child.said('draining\n');
      const client = await TcpClient.connect(port);
      const body = 'x'.repeat(3_000_000);
      client.send(`POST /realtime/events HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`);
      client.send(body);
      expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 503 .*shutting down.*}$/s);
      const tickets = await fetch(`${url}/realtime/tickets`, { method: 'POST', headers: ADMIN });
      expect([tickets.status, tickets.headers.get('connection')]).toEqual([503, 'close']);
    } finally {
      child.kill('SIGKILL');
      await child.exited;
    }
  });
});
