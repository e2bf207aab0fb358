import type { ExecutionContext } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { principalOf } from '../../../test/support/offline-connection.js';
import type { AuthService } from '../auth/auth.service.js';
import type { Principal } from '../auth/principal.js';
import type { AuditLog } from '../gateway/audit/audit-log.service.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { ProtocolError } from '../../protocol/index.js';
import { AdminGuard, type OperatorRequest } from './admin.guard.js';
import { PublishGuard } from './publish.guard.js';
import { RequestClients, type HttpRequest } from './request-client.js';

const admin: Principal = { ...principalOf('boss', { roles: ['admin'] }), isAdmin: true };
const ann = principalOf('ann');
const SECRET = 'k'.repeat(40);

describe('a request is admitted', () => {
  let audited: unknown[];
  let identified: () => Promise<Principal | null>;
  let guardOfAdmins: AdminGuard;
  let guardOfPublishers: PublishGuard;

  const requestWith = (headers: HttpRequest['headers'] = {}, url = '/realtime/x?secret=1'): OperatorRequest =>
    ({ headers, url, socket: { remoteAddress: '192.0.2.1' }, query: {}, params: {} }) as unknown as OperatorRequest;

  beforeEach(() => {
    audited = [];
    identified = () => Promise.resolve(null);
    const auth = { identify: () => identified() } as unknown as AuthService;
    const record =
      (kind: string) =>
      (
        ...[{ address, principal }, ...rest]: [{ address: string; principal: Principal | null }, ...unknown[]]
      ): void => {
        audited.push([kind, address, principal?.user.userId ?? null, ...rest]);
      };
    const auditLog = { requestRefused: record('refused'), operatorCalled: record('called') } as unknown as AuditLog;
    const options = new ResolvedRealtimeOptions();
    options.publishApiKeys = [SECRET, { key: `${SECRET}2`, name: 'shop', channels: ['apps:*'] }];
    const clients = new RequestClients(options);
    guardOfAdmins = new AdminGuard(auth, auditLog, clients);
    guardOfPublishers = new PublishGuard(auth, auditLog, clients, options);
  });

  describe('to the routes of operators', () => {
    const admit = (request: OperatorRequest): Promise<boolean> =>
      guardOfAdmins.canActivate({
        getHandler: () => ({ name: 'stats' }),
        switchToHttp: () => ({ getRequest: () => request }),
      } as unknown as ExecutionContext);

    it('with the token of an administrator, and is written into the audit log', async () => {
      identified = () => Promise.resolve(admin);
      const request = requestWith();
      expect(await admit(request)).toBe(true);
      expect(request.operator).toBe(admin);
      expect(audited).toMatchObject([['called', '192.0.2.1', 'boss', { name: 'stats' }]]);
    });

    it.each<[string, Principal | null, number, string, string | null]>([
      ['no token', null, 401, 'token_missing', null],
      ['the token of a user', ann, 403, 'not_admin', 'ann'],
      ['the token of an admin of one tenant', { ...admin, homeTenant: 'acme' }, 403, 'not_admin', 'boss'],
      ['a token that is limited to channels', { ...admin, channels: ['apps:*'] }, 403, 'not_admin', 'boss'],
    ])('never with %s', async (_what, principal, status, reason, userId) => {
      identified = () => Promise.resolve(principal);
      await expect(admit(requestWith())).rejects.toMatchObject({ status });
      // The query can contain a secret.
      expect(audited).toEqual([['refused', '192.0.2.1', userId, '/realtime/x', reason]]);
    });

    it('never with an invalid token, nor while tokens cannot be verified', async () => {
      identified = () => Promise.reject(new ProtocolError('token_expired'));
      await expect(admit(requestWith())).rejects.toMatchObject({ status: 401 });
      identified = () => Promise.reject(new ProtocolError('unavailable'));
      await expect(admit(requestWith())).rejects.toMatchObject({ status: 503 });
      identified = () => Promise.reject(new Error('a bug'));
      await expect(admit(requestWith())).rejects.toThrow('a bug');
    });

    it('with a path in the audit log that has a limited length', async () => {
      await expect(admit(requestWith({}, `/${'x'.repeat(300)}`))).rejects.toMatchObject({ status: 401 });
      expect((audited as [string, string, null, string][])[0]![3]).toHaveLength(256);
    });
  });

  describe('to publish', () => {
    const admit = (headers: HttpRequest['headers']) => guardOfPublishers.authenticate(requestWith(headers));

    it('with a key, whose scope and name it returns without its secret', async () => {
      const { key } = await admit({ 'x-api-key': SECRET });
      expect(key).toEqual({ name: '#1', channels: null, tenants: null, operations: ['publish', 'batch'] });
      const scoped = await admit({ 'x-api-key': `${SECRET}2` });
      expect(scoped).toEqual({
        principal: null,
        key: { name: 'shop', channels: ['apps:*'], tenants: null, operations: ['publish', 'batch'] },
      });
    });

    it.each(['', SECRET.slice(1), `${SECRET}3`, createHash('sha256').update(SECRET).digest('hex')])(
      'never with the key %j, even with the token of an administrator',
      async (key) => {
        identified = () => Promise.resolve(admin);
        await expect(admit({ 'x-api-key': key })).rejects.toMatchObject({ status: 401 });
        expect(audited).toEqual([['refused', '192.0.2.1', null, '/realtime/x', 'key_invalid']]);
      },
    );

    it('with the token of an administrator, also of one tenant', async () => {
      for (const principal of [admin, { ...admin, homeTenant: 'acme' }]) {
        identified = () => Promise.resolve(principal);
        expect(await admit({})).toEqual({ principal, key: null });
      }
    });

    it.each<[string, Principal | null, number, string]>([
      ['no token', null, 401, 'token_missing'],
      ['the token of a user', ann, 403, 'not_admin'],
      ['a token that is limited to channels', { ...admin, channels: ['apps:*'] }, 403, 'not_admin'],
    ])('never with %s', async (_what, principal, status, reason) => {
      identified = () => Promise.resolve(principal);
      await expect(admit({})).rejects.toMatchObject({ status });
      expect(audited).toEqual([['refused', '192.0.2.1', principal?.user.userId ?? null, '/realtime/x', reason]]);
    });
  });
});
