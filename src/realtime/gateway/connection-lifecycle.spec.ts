import { Logger } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { FakeTransport } from '../../../test/support/fake-transport.js';
import { framesOf, type OfflineConnection } from '../../../test/support/offline-connection.js';
import { OfflineGateway } from '../../../test/support/offline-gateway.js';
import { CLOSE_CODES } from '../../protocol/index.js';
import type { Principal } from '../auth/principal.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { Counters } from '../observability/counters.js';
import { RealtimeAudit, type AuditEntry } from './audit/realtime-audit.js';
import type { ConnectionLifecycle } from './connection-lifecycle.js';
import { RealtimeServer } from './realtime-server.js';

const CLIENT = { address: '192.0.2.7', countedAs: '192.0.2.7' };

describe('ConnectionLifecycle', () => {
  let gateway: OfflineGateway;
  let lifecycle: ConnectionLifecycle;
  let counters: Counters;
  const entries: AuditEntry[] = [];

  beforeAll(async () => {
    const record = (entry: AuditEntry): void => void entries.push(entry);
    gateway = await OfflineGateway.start(
      { tenants: { claim: 'tenant', platformRole: 'root' }, maxBufferedBytes: 65_536 },
      [{ provide: RealtimeAudit, useValue: { record } }],
    );
    lifecycle = gateway.app.get(RealtimeServer).connections;
    counters = gateway.app.get(Counters);
  });
  beforeEach(() => {
    lifecycle.onConnect.splice(1);
    entries.length = 0;
  });
  afterAll(async () => {
    await gateway.close();
    Logger.overrideLogger(true);
  });

  const open = (principal: Principal | null = null, url = '/ws'): OfflineConnection =>
    lifecycle.open(
      new FakeTransport(),
      { url, headers: {} } as IncomingMessage,
      principal,
      CLIENT,
    ) as OfflineConnection;

  it('opens a connection, counts it, and passes it to every callback with its request', () => {
    const called: unknown[] = [];
    lifecycle.onConnect.push(() => {
      throw new Error('of the test');
    });
    lifecycle.onConnect.push((connection, request) => void called.push([connection, request.url]));
    const before = counters.handshakes.get('accepted');
    const connection = open(null, '/ws?tenant=acme');
    expect(connection).toMatchObject({ ...CLIENT, principal: null, namedTenant: 'acme', closing: false });
    expect(called).toEqual([[connection, '/ws?tenant=acme']]);
    expect(counters.handshakes.get('accepted')).toBe(before + 1);
    expect(framesOf(connection)).toMatchObject([{ type: 'connected' }]);
    lifecycle.end(connection, 1000);
  });

  it('ends a connection once its transport has closed, and calls back with the code', () => {
    const connection = open();
    const codes: number[] = [];
    lifecycle.onDisconnect(connection, () => {
      throw new Error('of the test');
    });
    lifecycle.onDisconnect(connection, (code) => void codes.push(code));
    const before = counters.closed.get('1006');
    lifecycle.end(connection, 1006);
    expect([codes, connection.closing, counters.closed.get('1006')]).toEqual([[1006], true, before + 1]);
    expect(gateway.app.get(ConnectionRegistry).get(connection.id)).toBeUndefined();
    expect(connection.sendBuffer.send('{}')).toBe(false);
    expect(entries.map(({ event }) => event)).toEqual(['connected', 'disconnected']);
  });

  it('does not record the end of a connection that was never accepted', () => {
    lifecycle.onConnect.unshift((connection) => connection.close());
    const connection = open();
    lifecycle.onConnect.shift();
    lifecycle.end(connection, 1000);
    expect(entries).toEqual([]);
  });

  it('calls back when the last connection has ended', () => {
    let empty = 0;
    lifecycle.onEmpty = () => void (empty += 1);
    const connections = [open(), open()] as const;
    lifecycle.end(connections[0], 1000);
    expect(empty).toBe(0);
    lifecycle.end(connections[1], 1000);
    expect(empty).toBe(1);
    lifecycle.onEmpty = null;
  });

  it('closes a client that does not read, and counts it for its tenant', async () => {
    const connection = open(await gateway.principalOf({ tenant: 'acme' }));
    const { code, reason } = CLOSE_CODES.slowConsumer;
    const before = counters.slowConsumersClosed;
    connection.transport.bufferedBytes = 1_000_000;
    connection.send({ type: 'pong' });
    connection.sendBuffer.send('{}');
    expect([connection.transport.closes, connection.closeReason]).toEqual([[[code, reason]], 'slowConsumer']);
    expect(counters.slowConsumersClosed).toBe(before + 1);
    expect(counters.byTenant.of('acme').slowConsumersClosed).toBe(1);
    lifecycle.end(connection, code);
  });

  it('does not count a slow client that is closing for another reason', () => {
    const connection = open();
    const before = counters.slowConsumersClosed;
    connection.closing = true;
    connection.transport.bufferedBytes = 1_000_000;
    connection.send({ type: 'pong' });
    expect([counters.slowConsumersClosed, connection.closeReason]).toEqual([before, null]);
    lifecycle.end(connection, 1000);
  });
});
