import { Logger, Module, Scope, type INestApplicationContext, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { recordLog } from '../../../../test/support/log-lines.js';
import { offlineConnection, principalOf } from '../../../../test/support/offline-connection.js';
import { RealtimeClock } from '../../timing/realtime-clock.js';
import { AuditLog } from './audit-log.service.js';
import { RealtimeAudit, type AuditEntry } from './realtime-audit.js';

@Module({})
class RootModule {}

class AuditBook extends RealtimeAudit {
  readonly entries: AuditEntry[] = [];
  fails: (() => never | Promise<never>) | null = null;

  override record(entry: AuditEntry): void | Promise<void> {
    this.entries.push(entry);
    return this.fails?.();
  }
}

const ANN = { ...principalOf('ann', { tenant: 'acme' }), jti: 's1' };
const CLIENT = { address: '192.0.2.1', principal: ANN };
const GUEST = { address: '192.0.2.1', principal: null };
const BY_ANN = {
  at: expect.any(Date),
  address: '192.0.2.1',
  userId: 'ann',
  role: 'user',
  tenant: 'acme',
  sessionId: 's1',
};
const BY_GUEST = { ...BY_ANN, userId: null, role: null, tenant: null, sessionId: null };
const FIELDS = 'user=ann tenant=acme address=192.0.2.1';

describe('AuditLog', () => {
  let book: AuditBook;
  let app: INestApplicationContext;
  let audit: AuditLog;
  let lines: string[];

  async function start(...providers: Provider[]): Promise<void> {
    const module = { module: RootModule, providers: [AuditLog, RealtimeClock, ...providers] };
    app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
    audit = app.get(AuditLog);
    lines = recordLog();
  }

  beforeEach(async () => {
    book = new AuditBook();
    await start({ provide: RealtimeAudit, useValue: book });
  });
  afterEach(async () => {
    await app.close();
    Logger.overrideLogger(true);
  });

  const connect = (since = 0) => offlineConnection(ANN, { since });

  it('records connections and later tokens, at the level debug', () => {
    const connection = connect();
    audit.connected(connection);
    audit.identified(connection);
    const { id: connectionId } = connection;
    expect(book.entries).toEqual([
      { ...BY_ANN, event: 'connected', connectionId },
      { ...BY_ANN, event: 'identified', connectionId },
    ]);
    expect(lines).toEqual([
      `debug: A client connected connection=${connectionId} ${FIELDS}`,
      `debug: A client sent a token connection=${connectionId} ${FIELDS}`,
    ]);
  });

  it('records refused handshakes and tokens, with one line for many of a kind', () => {
    audit.refused('origin_refused', GUEST);
    audit.refused('origin_refused', GUEST);
    audit.refused('token_invalid', CLIENT, 'c1');
    expect(book.entries).toEqual([
      { ...BY_GUEST, event: 'refused', connectionId: null, reason: 'origin_refused' },
      { ...BY_GUEST, event: 'refused', connectionId: null, reason: 'origin_refused' },
      { ...BY_ANN, event: 'refused', connectionId: 'c1', reason: 'token_invalid' },
    ]);
    expect(lines).toEqual([
      'log: A handshake was refused code=origin_refused address=192.0.2.1',
      `log: A token was refused on a connection code=token_invalid connection=c1 ${FIELDS}`,
    ]);
  });

  it('records how long a connection was open, and which side ended it', () => {
    const now = app.get(RealtimeClock).now();
    const [left, slow, ended, custom] = [connect(now - 60_000), connect(now), connect(now), connect(now)] as const;
    audit.disconnected(left, 1005);
    slow.close('slowConsumer');
    audit.disconnected(slow, 4408);
    ended.close('rateLimited', 'ops');
    audit.disconnected(ended, 4403);
    custom.close(4001, 'not today');
    audit.disconnected(custom, 4001);
    expect(book.entries).toEqual([
      expect.objectContaining({ ...BY_ANN, event: 'disconnected', code: 1005, endedBy: 'client', closedBy: null }),
      expect.objectContaining({ code: 4408, endedBy: 'server', closedBy: null }),
      expect.objectContaining({ code: 4403, endedBy: 'server', closedBy: 'ops' }),
      expect.objectContaining({ code: 4001, endedBy: 'server', closedBy: 'application' }),
    ]);
    const [{ openMs } = {}] = book.entries as { openMs?: number }[];
    expect(openMs).toBeGreaterThanOrEqual(60_000);
    expect(openMs).toBeLessThan(70_000);
    expect(lines.slice(0, 3)).toEqual([
      `debug: A connection ended code=1005 by=client connection=${left.id} ${FIELDS}`,
      `log: A connection ended code=4408 by=server reason=slowConsumer connection=${slow.id} ${FIELDS}`,
      `log: A connection ended code=4403 by=ops reason=rateLimited connection=${ended.id} ${FIELDS}`,
    ]);
  });

  it.each(['restarting', 'accessRevoked', 'unauthorized'] as const)(
    'logs a close in normal operation as debug: %s',
    (why) => {
      const connection = connect();
      connection.close(why);
      audit.disconnected(connection, 4000);
      expect(lines).toEqual([expect.stringMatching(`^debug: A connection ended code=4000 by=server reason=${why} `)]);
    },
  );

  it('records reads and actions of operators', () => {
    const query = { tenant: 'acme' };
    audit.operatorCalled(CLIENT, { isRead: true, name: 'connections', target: null, query });
    audit.operatorCalled(CLIENT, { isRead: false, name: 'disconnectUser', target: 'bob', query });
    expect(book.entries).toEqual([
      { ...BY_ANN, event: 'operator_read', read: 'connections', target: null, query },
      { ...BY_ANN, event: 'operator_action', action: 'disconnectUser', target: 'bob', query },
    ]);
    expect(lines).toEqual([
      `debug: An operator read what=connections ${FIELDS}`,
      `log: An operator acted what=disconnectUser target=bob ${FIELDS}`,
    ]);
  });

  it('records refused requests', () => {
    audit.requestRefused(GUEST, '/realtime/stats', 'token_missing');
    expect(book.entries).toEqual([
      { ...BY_GUEST, event: 'request_refused', path: '/realtime/stats', reason: 'token_missing' },
    ]);
    expect(lines).toEqual(['log: A request was refused code=token_missing path=/realtime/stats address=192.0.2.1']);
  });

  it('records published events once per channel and tenant, with the tenant of the events', () => {
    const events = [
      { channel: 'a', tenant: 'acme' },
      { channel: 'a', tenant: 'acme' },
      { channel: 'a', tenant: 'zeta' },
      { channel: 'b', tenant: null },
    ];
    audit.published(CLIENT, 'billing', events);
    const published = { ...BY_ANN, event: 'published', key: 'billing' };
    expect(book.entries).toEqual([
      { ...published, channel: 'a', count: 2 },
      { ...published, tenant: 'zeta', channel: 'a', count: 1 },
      { ...published, tenant: null, channel: 'b', count: 1 },
    ]);
    expect(lines).toEqual([
      `debug: Events were published over HTTP key=billing channel=a count=2 ${FIELDS.replace('tenant=acme ', '').replace('user=ann', 'user=ann tenant=acme')}`,
    ]);
  });

  it('records calls of commands over a connection and over HTTP, with one line for many of a command', () => {
    const call = { id: 'k1', command: 'apps.rename', address: '192.0.2.1', isRepetition: false };
    audit.called({ ...call, caller: ANN, connectionId: 'c1' }, 'succeeded', 12.4);
    audit.called({ ...call, caller: null, connectionId: null, isRepetition: true }, 'conflict', 0.2);
    const entry = { event: 'called', command: 'apps.rename', callId: 'k1' };
    expect(book.entries).toEqual([
      { ...BY_ANN, ...entry, outcome: 'succeeded', connectionId: 'c1', durationMs: 12, repeated: false },
      { ...BY_GUEST, ...entry, outcome: 'conflict', connectionId: null, durationMs: 0, repeated: true },
    ]);
    expect(lines).toEqual([
      `debug: A call ended command=apps.rename outcome=succeeded call=k1 ms=12 connection=c1 ${FIELDS}`,
    ]);
  });

  it('records a publishing key that is used outside its scope, as a warning', () => {
    audit.publishRefused(GUEST, 'billing', 'the channel is not allowed');
    expect(book.entries).toEqual([
      { ...BY_GUEST, event: 'publish_refused', key: 'billing', reason: 'the channel is not allowed' },
    ]);
    expect(lines).toEqual([
      'warn: Publishing was refused key=billing reason="the channel is not allowed" address=192.0.2.1',
    ]);
  });

  it.each<[string, () => never | Promise<never>]>([
    [
      'throws',
      () => {
        throw new Error('of the test');
      },
    ],
    ['rejects', () => Promise.reject(new Error('of the test'))],
  ])('continues if the hook of the application %s', async (_how, fails) => {
    book.fails = fails;
    audit.connected(connect());
    await new Promise(setImmediate);
    audit.connected(connect());
    expect(book.entries).toHaveLength(2);
  });

  it('writes the log if the application has no hook', async () => {
    await app.close();
    await start();
    audit.connected(connect());
    expect(lines).toHaveLength(1);
  });

  it('does not start with a hook that cannot be used', async () => {
    await expect(start({ provide: RealtimeAudit, useClass: AuditBook, scope: Scope.REQUEST })).rejects.toThrow(
      'RealtimeAudit is marked as a scoped provider',
    );
  });
});
