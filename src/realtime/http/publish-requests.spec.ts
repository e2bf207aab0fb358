import { HttpException } from '@nestjs/common';
import { principalOf } from '../../../test/support/offline-connection.js';
import type { ChannelCatalogue } from '../channels/channel-catalogue.js';
import type { AuditLog } from '../gateway/audit/audit-log.service.js';
import { InvalidEventError, RealtimeUnavailableError, TenantBusyError } from '../publishing/errors.js';
import type { EventsPublisher } from '../publishing/events-publisher.js';
import type { Publisher } from './publish.guard.js';
import type { PublishKey } from './publish-keys.js';
import { PublishRequests } from './publish-requests.js';
import type { HttpRequest, RequestClients } from './request-client.js';

const admin: Publisher = { principal: principalOf('boss', { roles: ['admin'] }), key: null };
const keyOf = (scope: Partial<PublishKey> = {}): Publisher => ({
  principal: null,
  key: { name: 'shop', channels: null, tenants: null, operations: ['publish', 'batch'], ...scope },
});
const event = (channel: string, rest: object = {}): object => ({ channel, data: { id: '1' }, ...rest });

describe('PublishRequests', () => {
  let published: [string, string | undefined][];
  let audited: unknown[];
  let requests: PublishRequests;
  const publish = (publisher: Publisher, body: unknown) => requests.publish({} as HttpRequest, publisher, body);
  /** Returns the answer of a request that is refused. */
  const refusalOf = async (publisher: Publisher, body: unknown): Promise<Record<string, unknown>> => {
    const error: unknown = await publish(publisher, body).then(
      () => new Error('published'),
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof HttpException)) throw error;
    return { status: error.getStatus(), ...(error.getResponse() as object) };
  };

  beforeEach(() => {
    [published, audited] = [[], []];
    const outcomes: Record<string, () => unknown> = {
      'down:1': () => Promise.reject(new RealtimeUnavailableError('Redis is down', { mayBePublished: true })),
      'busy:1': () => Promise.reject(new TenantBusyError('too many events')),
      'bug:1': () => Promise.reject(new Error('secret')),
      'dropped:1': () => ({ channel: 'dropped:1', dropped: true }),
    };
    const events = {
      prepare: (channel: string, _data: unknown, { tenant }: { tenant?: string }) => {
        if (channel.startsWith('bad:')) throw new InvalidEventError('data.id', 'is wrong');
        if (channel === 'broken:1') throw new Error('a bug');
        return async () => {
          published.push([channel, tenant]);
          return outcomes[channel]?.() ?? { id: 'e-1', channel };
        };
      },
    } as unknown as EventsPublisher;
    const catalogue = {
      find: (name: string) => ({ global: name === 'system:health' }),
    } as unknown as ChannelCatalogue;
    const auditLog = {
      published: (_client: unknown, key: string | null, of: { channel: string; tenant: string | null }[]) =>
        audited.push([key, ...of.map(({ channel, tenant }) => [channel, tenant])]),
      publishRefused: (_client: unknown, key: string, reason: string) => audited.push([key, reason]),
    } as unknown as AuditLog;
    const clients = { of: () => ({ address: '::1', principal: null }) } as unknown as RequestClients;
    requests = new PublishRequests(events, catalogue, auditLog, clients);
  });

  it('answers one event with one result, and a list with a list', async () => {
    expect(await publish(admin, event('apps:1'))).toEqual({ id: 'e-1', channel: 'apps:1' });
    expect(await publish(admin, [event('apps:1')])).toEqual([{ id: 'e-1', channel: 'apps:1' }]);
    expect(audited).toEqual([
      [null, ['apps:1', null]],
      [null, ['apps:1', null]],
    ]);
  });

  it('publishes nothing if one event is invalid, and names all problems', async () => {
    const refusal = await refusalOf(admin, [event('apps:1'), event('bad:1'), event('bad:2')]);
    expect(refusal).toMatchObject({
      ...{ status: 400, error: 'Bad Request', message: 'Nothing was published' },
      details: [
        { field: '[1].data.id', message: 'is wrong' },
        { field: '[2].data.id', message: 'is wrong' },
      ],
    });
    expect([published, audited]).toEqual([[], []]);
    await expect(publish(admin, event('broken:1'))).rejects.toThrow('a bug');
  });

  it('names at most 20 problems', async () => {
    const { details } = await refusalOf(
      admin,
      Array.from({ length: 30 }, (_, index) => event(`bad:${index}`)),
    );
    expect(details).toHaveLength(20);
  });

  it.each<[string, number, object]>([
    ['down:1', 503, { message: 'Redis is down', mayBePublished: true }],
    ['busy:1', 429, { message: 'too many events', mayBePublished: false }],
  ])('answers %s with a code by which a client can try again', async (channel, status, expected) => {
    const refusal = await refusalOf(admin, event(channel));
    expect(refusal).toMatchObject({ status, statusCode: status, ...expected });
    expect(refusal).not.toHaveProperty('results');
  });

  it('answers a list of which a part was published with the result of each event', async () => {
    const refusal = await refusalOf(
      admin,
      ['apps:1', 'down:1', 'busy:1', 'bug:1'].map((channel) => event(channel)),
    );
    expect(refusal).toMatchObject({
      status: 503,
      results: [
        { id: 'e-1', channel: 'apps:1' },
        { error: { message: 'Redis is down', mayBePublished: true } },
        { error: { message: 'too many events', mayBePublished: false } },
        { error: { message: 'Internal server error', mayBePublished: true } },
      ],
    });
    expect(audited).toEqual([[null, ['apps:1', null]]]);
  });

  it('shows no error of the server', async () => {
    await expect(publish(admin, event('bug:1'))).rejects.toThrow('secret'); // the filter of the application hides it
  });

  it('writes no dropped event into the audit log', async () => {
    await publish(keyOf(), [event('apps:1'), event('dropped:1')]);
    expect(audited).toEqual([['shop', ['apps:1', null]]]);
  });

  it.each<[string, Partial<PublishKey>, unknown]>([
    ['a list', { operations: ['publish'] }, [event('apps:1')]],
    ['a single event', { operations: ['batch'] }, event('apps:1')],
    ['another channel', { channels: ['tasks:*'] }, [event('tasks:1'), event('apps:1')]],
    ['another tenant', { tenants: ['acme'] }, event('apps:1', { tenant: 'globex' })],
    ['all tenants', { tenants: ['acme'] }, event('system:health')],
  ])('refuses a key outside of its scope: %s', async (_what, scope, body) => {
    expect(await refusalOf(keyOf(scope), body)).toMatchObject({ status: 403 });
    expect(published).toEqual([]);
    expect(audited).toMatchObject([['shop', expect.stringContaining('The key shop is limited to')]]);
  });

  it('publishes in the only tenant of a key, and in the tenant of an administrator', async () => {
    await publish(keyOf({ tenants: ['acme'] }), event('apps:1'));
    await publish(keyOf({ tenants: ['acme', 'globex'] }), event('apps:1', { tenant: 'globex' }));
    await publish(keyOf(), event('apps:1', { tenant: 'initech' }));
    const ofTenant: Publisher = { principal: principalOf('boss', { tenant: 'acme' }), key: null };
    await publish(ofTenant, event('apps:1'));
    await publish(ofTenant, event('apps:1', { tenant: 'acme' }));
    expect(published.map(([, tenant]) => tenant)).toEqual(['acme', 'globex', 'initech', 'acme', 'acme']);
    expect(await refusalOf(ofTenant, event('apps:1', { tenant: 'globex' }))).toMatchObject({ status: 403 });
  });
});
