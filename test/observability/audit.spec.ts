import { Injectable, Module } from '@nestjs/common';
import { RealtimeAudit, RealtimeControl, RedisBridge, type AuditEntry } from '../../src/realtime/index.js';
import { answerOf } from '../operators/operator-app.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { inNextLogInterval } from '../support/log-intervals.js';
import { signToken } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';
import { connect, type WsClient } from '../support/ws-client.js';

@Injectable()
class AuditBook extends RealtimeAudit {
  readonly entries: AuditEntry[] = [];
  /** How the hook fails. */
  fails: 'at once' | 'later' | null = null;

  override record(entry: AuditEntry): void | Promise<void> {
    this.entries.push(entry);
    if (this.fails === 'at once') throw new Error('the audit of the test threw');
    if (this.fails === 'later') return Promise.reject(new Error('the audit of the test rejected'));
  }
}

/** As in an application: in a separate module that the root imports. */
@Module({ providers: [{ provide: RealtimeAudit, useClass: AuditBook }] })
class AuditModule {}

const idOf = (client: WsClient): string => (client.frames[0] as unknown as { connectionId: string }).connectionId;

describe('the audit hook', () => {
  let redis: RedisProcess;
  let here: RealtimeApp;
  let there: RealtimeApp;
  let book: AuditBook;

  beforeAll(async () => {
    redis = await RedisProcess.start();
    const options = { redis: { url: redis.url }, operatorApi: true, origins: ['https://app.example.com'] };
    [here, there] = await Promise.all([
      RealtimeApp.start(options),
      RealtimeApp.start(options, { imports: [AuditModule] }),
    ]);
    await until(() => [here, there].every(({ app }) => app.get(RedisBridge).status.up));
    book = there.app.get<AuditBook>(RealtimeAudit, { strict: false });
  });
  beforeEach(() => {
    book.entries.length = 0;
    book.fails = null;
  });
  afterAll(async () => {
    await Promise.all([here?.close(), there?.close()]);
    await redis?.stop();
  });

  const known = { at: expect.any(Date) as Date, address: '127.0.0.1', tenant: null };
  const ann = { ...known, userId: 'ann', role: 'user', sessionId: 's1' };
  const nobody = { ...known, userId: null, role: null, sessionId: null };
  const openMs = expect.any(Number) as number;
  const untilTold = (count: number): Promise<void> => until(() => book.entries.length >= count, 15_000);

  it('reports each connection, and its end by the client', async () => {
    const client = await there.connectAs({ sub: 'ann', jti: 's1' });
    await client.close();
    await untilTold(2);
    const connectionId = idOf(client);
    expect(book.entries).toEqual([
      { event: 'connected', connectionId, ...ann },
      { event: 'disconnected', connectionId, ...ann, code: 1005, endedBy: 'client', closedBy: null, openMs },
    ]);
  });

  it('names the operator who ended a connection, from any instance', async () => {
    const client = await there.connectAs({ sub: 'ann', jti: 's1' });
    await answerOf(here, `connections/${idOf(client)}`, 'DELETE');
    await client.closed;
    await untilTold(2);
    const ended = { code: 4403, endedBy: 'server', closedBy: 'boss', openMs };
    expect(book.entries[1]).toEqual({ event: 'disconnected', connectionId: idOf(client), ...ann, ...ended });
  });

  it('names the actor that the application passes', async () => {
    const client = await there.connectAs({ sub: 'ann', jti: 's1' });
    await here.app.get(RealtimeControl).disconnectUser('ann', { by: 'the nightly job' });
    await client.closed;
    await untilTold(2);
    expect(book.entries[1]).toMatchObject({ event: 'disconnected', closedBy: 'the nightly job' });
  });

  it('reports a token that is sent later, and one that is refused', async () => {
    const client = await there.connect();
    await client.next('connected');
    const connectionId = idOf(client);
    await client.ask({ type: 'auth', token: 'rubbish' });
    await client.ask({ type: 'auth', token: signToken({ sub: 'ann', jti: 's1' }) });
    await client.close();
    await untilTold(4);
    expect(book.entries).toMatchObject([
      { event: 'connected', connectionId, ...nobody },
      { event: 'refused', connectionId, reason: 'token_invalid', ...nobody },
      { event: 'identified', connectionId, ...ann },
      { event: 'disconnected', connectionId, ...ann },
    ]);
  });

  it('reports refused handshakes with the reason', async () => {
    const expired = await there.connect({ token: signToken({ exp: 1 }) });
    await expired.closed;
    await expect(connect(there.url, { headers: { Origin: 'https://evil.example.com' } })).rejects.toThrow('403');
    await untilTold(2);
    expect(book.entries).toEqual([
      { event: 'refused', connectionId: null, reason: 'token_expired', ...nobody },
      { event: 'refused', connectionId: null, reason: 'origin_refused', ...nobody },
    ]);
  });

  it.each(['at once', 'later'] as const)('harms no client if it fails %s', async (fails) => {
    book.fails = fails;
    const interval = inNextLogInterval();
    const client = await there.connectAs({ sub: 'ann' });
    await client.ask({ type: 'subscribe', channel: 'apps:created' });
    await there.events.emit('apps:created', { id: '1', name: 'shop' });
    await client.next('event');
    await client.close();
    await untilTold(2);
    interval.restore();
    expect(there.log.lines.some((line) => line.startsWith('error: RealtimeAudit for '))).toBe(true);
  });
});

describe('the log', () => {
  let app: RealtimeApp;

  beforeEach(async () => {
    app = await RealtimeApp.start({ anonymous: true });
    app.log.lines.length = 0;
  });
  afterEach(() => app.close());

  it('has one line for a refused handshake, and one for thousands of them', async () => {
    for (let count = 0; count < 50; count += 1) {
      const client = await app.connect({ token: count % 2 === 0 ? `rubbish ${count}` : signToken({ exp: 1 + count }) });
      await client.closed;
    }
    const refused = app.log.lines.filter((line) => line.includes('A handshake was refused'));
    expect(refused).toHaveLength(2);
    expect(refused[0]).toMatch(/^log: A handshake was refused code=token_invalid address=127\.0\.0\.1\b/);
    // At the level debug there is one more line of each kind.
    expect(app.log.lines.length).toBeLessThanOrEqual(4);
  });

  it('names the connection and its user, who cannot inject a line', async () => {
    const client = await app.connectAs({ sub: 'ann\nERROR all is lost' });
    await client.close();
    await until(() => app.log.lines.some((line) => line.includes('A connection ended')), 15_000);
    const fields = `connection=${idOf(client)} user="ann\\nERROR all is lost" address=127.0.0.1 Realtime`;
    expect(app.log.lines.filter((line) => line.startsWith('debug: '))).toEqual([
      `debug: A client connected ${fields}`,
      `debug: A connection ended code=1005 by=client ${fields}`,
    ]);
    expect(app.log.lines.every((line) => !line.includes('\n'))).toBe(true);
  });

  it('has no line for an event, a frame or a subscription', async () => {
    const client = await app.connectAs();
    const before = app.log.lines.length;
    await client.ask({ type: 'subscribe', channel: 'apps:created' });
    for (let count = 0; count < 20; count += 1) await app.events.emit('apps:created', { id: '1', name: 'shop' });
    await client.ask({ type: 'subscribe', channel: 'system:alerts' });
    client.send('{');
    await client.fence();
    expect(app.log.lines.slice(before)).toEqual([]);
    await client.close();
  });

  it('has a line for a connection that the server had to end', async () => {
    const client = await app.connectAs();
    for (let count = 0; count < 150; count += 1) client.send('{');
    await client.closed;
    await until(() => app.log.lines.some((line) => line.includes('A connection ended')), 15_000);
    const [line] = app.log.lines.filter((one) => one.includes('A connection ended'));
    expect(line).toMatch(/^log: A connection ended code=4\d\d\d by=server reason=\w+ connection=[\w-]+ user=u1 /);
  });
});
