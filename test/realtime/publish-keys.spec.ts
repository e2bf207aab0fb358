import { createHash } from 'node:crypto';
import { RealtimeAudit } from '../../src/realtime/index.js';
import { call } from '../operators/operator-app.js';
import { signToken } from '../support/jwt.js';
import { AuditBook, AuditModule } from './support/audit-book.js';
import { RealtimeApp } from './support/realtime-app.js';

const keyOf = (name: string): string => `the SECRET of ${name}, long enough`;
const named = (name: string) => ({ name, key: keyOf(name) });

describe.each(['express', 'fastify'] as const)('publishing keys, on %s', (http) => {
  let app: RealtimeApp;
  let book: AuditBook;

  beforeAll(async () => {
    const publishApiKeys = [
      keyOf('plain'),
      named('whole'),
      { ...named('apps'), channels: ['apps:*', 'user:{userId}'] },
      { ...named('one-by-one'), operations: ['publish' as const] },
      { ...named('lists'), operations: ['batch' as const] },
      { ...named('acme'), tenants: ['acme'] },
      { ...named('two'), tenants: ['acme', 'globex'], channels: ['apps:created', 'announcements'] },
    ];
    const options = { publishApiKeys, operatorApi: true, tenants: { claim: 'tenant', platformRole: 'admin' } };
    app = await RealtimeApp.start(options, { imports: [AuditModule], http });
    book = app.app.get<AuditBook>(RealtimeAudit, { strict: false });
  });
  beforeEach(() => {
    book.entries.length = 0;
    app.log.lines.length = 0;
  });
  afterAll(() => app?.close());
  afterEach(() => {
    const logged = JSON.stringify([book.entries, app.log.lines]);
    if (logged.includes('SECRET')) throw new Error(`A key is in the audit log or a log line: ${logged}`);
  });

  async function post(headers: Record<string, string>, body: unknown): Promise<{ status: number; message?: string }> {
    const { status, message } = await answerTo(headers, body);
    return { status, ...(message !== undefined && { message }) };
  }

  async function answerTo(
    headers: Record<string, string>,
    body: unknown,
  ): Promise<{ status: number; message?: string; id?: string }> {
    const answer = await fetch(`${app.http}/realtime/events`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return { ...((await answer.json()) as { message?: string; id?: string }), status: answer.status };
  }

  const publish = (name: string, body: unknown) => post({ 'X-API-Key': keyOf(name) }, body);
  const event = (channel: string, tenant?: string) => ({
    channel,
    data: { id: '1', name: 'one' },
    ...(tenant !== undefined && { tenant }),
  });
  const created = event('apps:created', 'acme');
  const published = (key: string | null, channel: string, count: number, tenant: string | null = 'acme') => ({
    ...{ event: 'published', key, channel, count, tenant },
    ...{ at: expect.any(Date) as Date, address: '127.0.0.1', userId: null, role: null, sessionId: null },
  });

  it.each<[string, unknown, object[]]>([
    ['plain', created, [published('#1', 'apps:created', 1)]],
    ['plain', event('system:alerts'), [published('#1', 'system:alerts', 1, null)]],
    ['whole', created, [published('whole', 'apps:created', 1)]],
    ['apps', event('user:u7', 'globex'), [published('apps', 'user:u7', 1, 'globex')]],
    ['one-by-one', created, [published('one-by-one', 'apps:created', 1)]],
    [
      'lists',
      [created, event('apps:deleted', 'acme'), created, event('apps:created', 'globex')],
      [
        published('lists', 'apps:created', 2),
        published('lists', 'apps:deleted', 1),
        published('lists', 'apps:created', 1, 'globex'),
      ],
    ],
    ['acme', event('apps:created'), [published('acme', 'apps:created', 1)]],
    ['acme', created, [published('acme', 'apps:created', 1)]],
    ['two', event('apps:created', 'globex'), [published('two', 'apps:created', 1, 'globex')]],
  ])('publish within their scope, and the audit names them: %s, %j', async (name, body, entries) => {
    expect(await publish(name, body)).toEqual({ status: 201 });
    expect(book.entries).toEqual(entries);
  });

  it.each<[string, unknown, string]>([
    ['apps', event('users:created', 'acme'), 'channels apps:*, user:{userId}: it cannot publish to "users:created"'],
    ['apps', event('apps', 'acme'), 'channels apps:*, user:{userId}: it cannot publish to "apps"'],
    ['apps', event('user:u1:x', 'acme'), 'channels apps:*, user:{userId}'],
    ['apps', event('nobody:knows', 'acme'), 'channels apps:*, user:{userId}'],
    ['apps', [created, event('users:created', 'acme')], 'it cannot publish to "users:created"'],
    ['apps', [event('users:created', 'acme'), created], 'it cannot publish to "users:created"'],
    ['one-by-one', [created], 'operations publish: it cannot publish a list of events'],
    ['lists', created, 'operations batch: it cannot publish a single event'],
    ['acme', event('apps:created', 'globex'), 'tenants acme: it cannot publish for "globex"'],
    ['acme', event('system:alerts'), 'tenants acme: it cannot publish to a channel of all tenants'],
    ['acme', event('system:alerts', 'acme'), 'tenants acme: it cannot publish to a channel of all tenants'],
    ['two', event('apps:created'), 'tenants acme, globex: name one of them as tenant'],
    ['two', event('apps:created', 'initech'), 'tenants acme, globex: it cannot publish for "initech"'],
    ['two', event('announcements'), 'tenants acme, globex: it cannot publish to a channel of all tenants'],
    ['two', event('apps:deleted', 'acme'), 'channels apps:created, announcements'],
  ])('get 403 beyond their scope, and publish nothing: %s, %j', async (name, body, sentence) => {
    const answer = await publish(name, body);
    expect(answer).toEqual({ status: 403, message: expect.stringContaining(sentence) as string });
    expect(answer.message).toMatch(`The key ${name} is limited to the `);
    expect(book.entries).toMatchObject([{ event: 'publish_refused', key: name, reason: answer.message }]);
  });

  it('are named in the log when used, within and beyond their scope', async () => {
    const other = await RealtimeApp.start({ publishApiKeys: [{ ...named('billing'), channels: ['apps:*'] }] });
    const headers = { 'X-API-Key': keyOf('billing'), 'Content-Type': 'application/json' };
    for (const channel of ['apps:created', 'users:created']) {
      const body = JSON.stringify(event(channel));
      await (await fetch(`${other.http}/realtime/events`, { method: 'POST', headers, body })).body?.cancel();
    }
    const lines = other.log.lines.filter((line) => line.includes('billing'));
    await other.close();
    expect(lines).toEqual([
      expect.stringMatching(/^debug: Events were published over HTTP key=billing channel=apps:created count=1 /),
      expect.stringMatching(/^warn: Publishing was refused key=billing reason="The key billing is limited to /),
    ]);
    expect(lines.join('')).not.toContain('SECRET');
  });

  it('are not accepted by name, or by a part of the secret', async () => {
    for (const key of ['whole', '#1', keyOf('whole').slice(0, -1), `${keyOf('whole')} `.trimEnd().toUpperCase()]) {
      expect(await post({ 'X-API-Key': key }, created)).toMatchObject({ status: 401 });
      expect(book.entries.splice(0)).toEqual([
        {
          ...{ event: 'request_refused', reason: 'key_invalid', path: '/realtime/events', address: '127.0.0.1' },
          ...{ at: expect.any(Date) as Date, userId: null, role: null, tenant: null, sessionId: null },
        },
      ]);
    }
  });

  it('are not accepted by a secret whose digest has the same prefix', async () => {
    const digest = (secret: string): string => createHash('sha256').update(secret).digest('hex').slice(0, 2);
    let attempt = 0;
    while (digest(`guess number ${attempt}`) !== digest(keyOf('whole'))) attempt += 1;
    expect(await post({ 'X-API-Key': `guess number ${attempt}` }, created)).toMatchObject({ status: 401 });
  });

  it('apply even if the request also has the token of an admin', async () => {
    const authorization = `Bearer ${signToken({ sub: 'ann', role: 'admin' })}`;
    const beyond = event('users:created', 'acme');
    expect(await post({ authorization, 'X-API-Key': keyOf('apps') }, beyond)).toMatchObject({ status: 403 });
    expect(await post({ authorization, 'X-API-Key': 'unknown' }, created)).toMatchObject({ status: 401 });
    expect(book.entries).toMatchObject([
      { event: 'publish_refused', key: 'apps', userId: null },
      { event: 'request_refused', reason: 'key_invalid', userId: null },
    ]);
  });

  it('use up no idempotency key if refused, and none of another tenant', async () => {
    const idempotencyKey = `order of ${http}`;
    const first = { ...created, idempotencyKey };
    const before = await answerTo({ 'X-API-Key': keyOf('whole') }, created);
    expect(await publish('apps', [first, event('users:created', 'acme')])).toMatchObject({ status: 403 });
    const [one, again, other] = [
      await answerTo({ 'X-API-Key': keyOf('apps') }, first),
      await answerTo({ 'X-API-Key': keyOf('whole') }, first),
      await answerTo({ 'X-API-Key': keyOf('whole') }, { ...first, tenant: 'globex' }),
    ];
    const offsetOf = (id: string | undefined): number => Number(id?.split('-')[1]);
    expect(offsetOf(one.id)).toBe(offsetOf(before.id) + 1);
    expect(again.id).toBe(one.id);
    expect(other.id).not.toBe(one.id);
  });

  it('are for services: a user is refused, and a tenant admin publishes to that tenant only', async () => {
    const user = `Bearer ${signToken({ sub: 'ann', tenant: 'acme' })}`;
    const admin = `Bearer ${signToken({ sub: 'bob', role: 'admin', tenant: 'acme' })}`;
    expect(await post({ authorization: user }, created)).toMatchObject({ status: 403 });
    expect(book.entries.splice(0)).toMatchObject([
      { event: 'request_refused', reason: 'not_admin', userId: 'ann', tenant: 'acme' },
    ]);
    expect(await post({ authorization: admin }, event('apps:created', 'globex'))).toEqual({
      status: 403,
      message: 'Only platform administrators can choose another tenant',
    });
    expect(book.entries).toEqual([]);
  });

  it('do not change the permissions of admins, which the audit names', async () => {
    const authorization = `Bearer ${signToken({ sub: 'ann', role: 'admin', tenant: 'acme' })}`;
    expect(await post({ authorization }, event('apps:created'))).toEqual({ status: 201 });
    expect(book.entries).toMatchObject([{ event: 'published', key: null, userId: 'ann', tenant: 'acme', count: 1 }]);
  });

  it.each<[string, object]>([
    ['stats', { read: 'stats', target: null, query: {} }],
    ['connections?user=u1&limit=5', { read: 'connections', target: null, query: { user: 'u1', limit: '5' } }],
    ['connections/unknown', { read: 'connection', target: 'unknown', query: {} }],
    ['channels?search=apps', { read: 'channels', target: null, query: { search: 'apps' } }],
    [
      'channels/apps:created/history?tenant=acme',
      { read: 'history', target: 'apps:created', query: { tenant: 'acme' } },
    ],
    [
      'explain?channel=apps:created&user=u1&tenant=acme',
      {
        read: 'explain',
        target: 'apps:created',
        query: { channel: 'apps:created', user: 'u1', tenant: 'acme' },
      },
    ],
  ])('name operators who read %s in the audit', async (route, entry) => {
    const { status } = await call(app, route);
    expect([200, 404]).toContain(status);
    expect(book.entries).toMatchObject([{ event: 'operator_read', userId: 'boss', address: '127.0.0.1', ...entry }]);
  });
});
