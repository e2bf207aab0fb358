import { HttpException, type ExecutionContext } from '@nestjs/common';
import { lastValueFrom, of, type Observable } from 'rxjs';
import { offlineConnection, principalOf } from '../../../test/support/offline-connection.js';
import { ProtocolError, type ErrorCode } from '../../protocol/index.js';
import type { AuthService } from '../auth/auth.service.js';
import type { Principal } from '../auth/principal.js';
import type { ChannelCatalogue } from '../channels/channel-catalogue.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { currentSender, exclusionOfSender } from '../publishing/current-sender.js';
import { currentTenant } from '../tenants/current-tenant.js';
import { commandRefusal } from './command-refusal.js';
import { readTopic } from './read-topic.js';
import { bodyOfError } from './route-errors.filter.js';
import { SenderInterceptor } from './sender.interceptor.js';
import { TenantInterceptor } from './tenant.interceptor.js';
import { MAX_TICKETS_PER_MINUTE, TicketLimit } from './ticket-limit.js';

describe('the answer to a call that has no result', () => {
  it.each<[ErrorCode, number]>([
    ['unknown_command', 404],
    ['conflict', 409],
    ['too_large', 413],
    ['rate_limited', 429],
    ['interrupted', 500],
    ['unavailable', 503],
    ['timeout', 504],
    ['invalid_message', 400],
  ])('%s has the status %d and the fields of the frame', (code, status) => {
    const refusal = commandRefusal(new ProtocolError(code), 'c1');
    expect(refusal.getStatus()).toBe(status);
    expect(refusal.getResponse()).toEqual({
      ...{ statusCode: status, code, callId: 'c1' },
      message: expect.any(String) as string,
    });
  });

  it('has the problems of the input', () => {
    const details = [{ field: 'data.id', message: 'must be a string' }];
    const refusal = commandRefusal(new ProtocolError('invalid_message', { details }), 'c1');
    expect(refusal.getResponse()).toMatchObject({ details });
  });
});

it('an error with a text is answered in the standard shape of Nest', () => {
  expect(bodyOfError(new HttpException('late', 504))).toEqual({ statusCode: 504, message: 'late' });
  expect(bodyOfError(new HttpException({ a: 1 }, 400))).toEqual({ a: 1 });
});

describe('the topic that an operator names', () => {
  const catalogue = {
    find: (name: string) => (name === 'none' ? null : { global: name === 'system:health' }),
  } as unknown as ChannelCatalogue;
  const options = new ResolvedRealtimeOptions();
  const withTenants = new ResolvedRealtimeOptions();
  withTenants.tenants.claim = 'tenant';

  it('is the channel, in its tenant if there are any', () => {
    expect(readTopic(catalogue, options, 'apps:1', undefined).topic).toBe('apps:1');
    expect(readTopic(catalogue, withTenants, 'apps:1', 'acme').topic).toBe('acme/apps:1');
    expect(readTopic(catalogue, withTenants, 'system:health', undefined).topic).toBe('system:health');
  });

  it.each<[string, Pick<ResolvedRealtimeOptions, 'tenants'>, string, string | undefined, number, string]>([
    ['an unknown channel', options, 'none', undefined, 404, 'Channel not found'],
    ['a tenant without tenants', options, 'apps:1', 'acme', 400, 'must not be given'],
    ['a tenant of a global channel', withTenants, 'system:health', 'acme', 400, 'must not be given'],
    ['no tenant', withTenants, 'apps:1', undefined, 400, 'tenant is missing'],
    ['an invalid tenant', withTenants, 'apps:1', '', 400, 'tenant must be a non-empty string'],
  ])('is refused: %s', (_what, given, name, tenant, status, message) => {
    expect(() => readTopic(catalogue, given, name, tenant)).toThrow(message);
    try {
      readTopic(catalogue, given, name, tenant);
    } catch (error) {
      expect((error as HttpException).getStatus()).toBe(status);
    }
  });
});

describe('the tickets of a user', () => {
  it('are limited within a minute, for each user', () => {
    const limit = new TicketLimit();
    for (let count = 0; count < MAX_TICKETS_PER_MINUTE; count += 1) expect(limit.allows('ann')).toBe(true);
    expect([limit.allows('ann'), limit.allows('bob')]).toEqual([false, true]);
  });

  it('are counted for 10,000 users: the one who asked longest ago is forgotten', () => {
    const limit = new TicketLimit();
    for (const user of ['ann', 'bob'])
      for (let count = 0; count < MAX_TICKETS_PER_MINUTE; count += 1) limit.allows(user);
    for (let count = 0; count < 9_998; count += 1) limit.allows(`user ${count}`);
    expect(limit.allows('ann')).toBe(false);
    limit.allows('another');
    expect([limit.allows('bob'), limit.allows('ann')]).toEqual([true, false]);
  });
});

const CONNECTION = '1b4e28ba-2fa1-41d2-883f-0016d3cca427';

describe('a handler runs', () => {
  let identified: Principal | null;
  const auth = {
    identify: async ({ headers }: { headers: { authorization?: string } }) =>
      headers.authorization === undefined ? null : identified,
  } as unknown as AuthService;
  const ann = principalOf('ann', { tenant: 'acme' });
  const headers = { authorization: 'Bearer t', 'x-connection-id': CONNECTION };

  const contextOf = (type: string, value: unknown): ExecutionContext =>
    ({
      getType: () => type,
      switchToHttp: () => ({ getRequest: () => value }),
      switchToWs: () => ({ getClient: () => value }),
      getArgs: () => [null, null, value],
    }) as unknown as ExecutionContext;
  const read = async <T>(running: Promise<Observable<unknown>>): Promise<T> =>
    (await lastValueFrom(await running)) as T;

  beforeEach(() => {
    identified = ann;
  });

  it('in the tenant of the token of its request, and in none without one', async () => {
    const tenants = new TenantInterceptor(auth);
    const next = { handle: () => of(currentTenant()) };
    const tenantIn = (context: ExecutionContext) => read<string | null>(tenants.intercept(context, next));
    expect(await tenantIn(contextOf('http', { headers }))).toBe('acme');
    expect(await tenantIn(contextOf('http', { headers: {} }))).toBeNull();
    expect(await tenantIn(contextOf('rpc', { headers }))).toBe(currentTenant());
    identified = principalOf('boss');
    expect(await tenantIn(contextOf('http', { headers }))).toBeNull();
  });

  describe('for the client that sent its request', () => {
    const senders = new SenderInterceptor(auth);
    const next = { handle: () => of(currentSender()) };
    const senderIn = (type: string, value: unknown) => read(senders.intercept(contextOf(type, value), next));
    const expected = exclusionOfSender(CONNECTION, ann.userKey);

    it('over HTTP and GraphQL', async () => {
      expect(expected).not.toBeNull();
      expect(await senderIn('http', { headers })).toEqual(expected);
      expect(await senderIn('graphql', { req: { headers } })).toEqual(expected);
      expect(await senderIn('graphql', { request: { headers } })).toEqual(expected);
      expect(await senderIn('graphql', { reply: { request: { headers } } })).toEqual(expected);
      expect(await senderIn('http', { headers: { 'x-connection-id': CONNECTION } })).toBeNull();
    });

    it('over a connection', async () => {
      const connection = offlineConnection();
      expect(await senderIn('ws', connection)).toBe(connection.senderId);
    });

    it('unless it names none', async () => {
      const none = currentSender();
      expect(await senderIn('http', { headers: { authorization: 'Bearer t' } })).toBe(none);
      expect(await senderIn('graphql', undefined)).toBe(none);
      expect(await senderIn('ws', {})).toBe(none);
      expect(await senderIn('rpc', { headers })).toBe(none);
    });
  });
});
