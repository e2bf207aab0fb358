import { Validate, ValidatorConstraint, type ValidatorConstraintInterface } from 'class-validator';
import { signToken, unsignedToken } from '../support/jwt.js';
import type { WsClient } from '../support/ws-client.js';
import { RealtimeApp } from './support/realtime-app.js';
import { EVENT_ID, TIMESTAMP } from './support/shapes.js';

const API_KEY = 'a key of a service, long enough';

/** Number of event loop turns at each validation of an event. */
const turnsAtChecks: number[] = [];
let turns = 0;

@ValidatorConstraint()
class TakesLong implements ValidatorConstraintInterface {
  validate(): boolean {
    turnsAtChecks.push(turns);
    const begun = performance.now();
    while (performance.now() - begun < 11);
    return true;
  }
}

class Report {
  @Validate(TakesLong)
  text!: string;
}

describe.each([
  ['express', false],
  ['fastify', false],
  ['express', true],
  ['fastify', true],
] as const)('POST /realtime/events (%s, directPublishApi: %s)', (http, directPublishApi) => {
  let app: RealtimeApp;
  let client: WsClient;

  beforeAll(async () => {
    app = await RealtimeApp.start(
      { publishApiKeys: ['another key of a service', API_KEY], maxEventBytes: 1_000, directPublishApi },
      { http },
    );
    client = await app.connectAdmin();
    client.send({ type: 'subscribe', channels: ['apps:created', 'user:u7', 'system:alerts'] });
    await client.fence();
  });
  afterAll(() => app.close());
  afterEach(async () => {
    await client.expectNone('event');
  });

  interface Answer {
    readonly status: number;
    readonly body: { readonly message?: string; readonly details?: unknown };
  }

  async function post(body: unknown, headers: Record<string, string> = { 'X-API-Key': API_KEY }): Promise<Answer> {
    const answer = await fetch(`${app.http}/realtime/events`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as Answer['body'] };
  }

  const event = { channel: 'apps:created', data: { id: '1', name: 'one' } };
  const emitted = (channel: string) => ({
    id: expect.stringMatching(EVENT_ID) as unknown,
    channel,
    timestamp: expect.stringMatching(TIMESTAMP) as unknown,
  });
  const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

  it.each<[string, Record<string, string>]>([
    ['an API key', { 'X-API-Key': API_KEY }],
    ["an administrator's token", bearer(signToken({ role: 'admin' }))],
  ])('publishes for %s', async (_who, headers) => {
    const { status, body } = await post(event, headers);
    expect(status).toBe(201);
    expect(body).toEqual(emitted('apps:created'));
    expect(await client.next('event')).toMatchObject({ ...event, ...body });
  });

  it.each<[string, number, Record<string, string>]>([
    ['nothing', 401, {}],
    ['Basic', 401, { Authorization: 'Basic dXNlcjpwYXNz' }],
    ['an empty token', 401, bearer('')],
    ['a bad token', 401, bearer('rubbish')],
    ['an expired token', 401, bearer(signToken({ role: 'admin', exp: 1 }))],
    ['an unsigned token', 401, bearer(unsignedToken({ role: 'admin' }))],
    ['a wrong API key', 401, { 'X-API-Key': `${API_KEY}!` }],
    ['a prefix of an API key', 401, { 'X-API-Key': API_KEY.slice(0, -1) }],
    ['an empty API key', 401, { 'X-API-Key': '' }],
    ['a wrong API key beside a good token', 401, { 'X-API-Key': 'no', ...bearer(signToken({ role: 'admin' })) }],
    ["a plain user's token", 403, bearer(signToken())],
  ])('rejects %s with %i', async (_who, status, headers) => {
    const answer = await post(event, headers);
    expect(answer).toMatchObject({ status, body: { statusCode: status, message: expect.stringMatching(/./) } });
  });

  it('does not accept a token in the query', async () => {
    const answer = await fetch(`${app.http}/realtime/events?token=${signToken({ role: 'admin' })}`, { method: 'POST' });
    expect(answer.status).toBe(401);
    await answer.body?.cancel();
  });

  it.each<[unknown, string[]]>([
    [{}, ['channel', 'data']],
    [{ channel: 'apps:created' }, ['data']],
    [{ channel: 5, data: 1 }, ['channel']],
    [{ channel: 'nobody:knows', data: 1 }, ['channel']],
    [{ channel: 'user:%61bc', data: 1 }, ['channel']],
    [{ channel: 'user:%c3%bc', data: 1 }, ['channel']],
    [{ channel: 'apps:*', data: 1 }, ['channel']],
    [{ ...event, idempotencyKey: 5 }, ['idempotencyKey']],
    [{ ...event, idempotencyKey: '' }, ['idempotencyKey']],
    [{ ...event, idempotencyKey: 'x'.repeat(201) }, ['idempotencyKey']],
    [{ ...event, idempotencykey: 'k' }, ['idempotencykey']],
    [{ ...event, data: 'x'.repeat(1_000) }, ['data']],
    [[], ['']],
    [
      [event, { channel: 'nobody:knows', data: 1 }, { channel: 'apps:created' }, 5],
      ['[2].data', '[3]', '[1].channel'],
    ],
  ])('rejects %j with 400 and each wrong field, and publishes nothing', async (body, fields) => {
    const answer = await post(body);
    expect(answer).toMatchObject({ status: 400, body: { statusCode: 400, message: 'Nothing was published' } });
    const details = answer.body.details as { field: string; message: string }[];
    expect(details.map(({ field }) => field).toSorted()).toEqual(fields.toSorted());
    for (const { message } of details) expect(message).toMatch(/./);
  });

  it.each(['{', 'null', '5', '"text"', ''])('rejects a body that is not an object with 400: %s', async (body) => {
    expect((await post(body)).status).toBe(400);
  });

  it('rejects more than 1000 events in one call', async () => {
    const many = Array.from({ length: 1_001 }, () => ({ channel: 'users:deleted', data: 1 }));
    expect(await post(many)).toMatchObject({ status: 400, body: { details: [{ field: '' }] } });
  });

  it('publishes a list in order, and returns a list', async () => {
    const list = [1, 2, 3].map((data) => ({ channel: 'system:alerts', data }));
    const { status, body } = await post(list);
    expect(status).toBe(201);
    expect(body).toEqual(list.map(() => emitted('system:alerts')));
    for (const { data } of list) expect(await client.next('event')).toMatchObject({ channel: 'system:alerts', data });
  });

  it('returns a list for a list of one', async () => {
    const { body } = await post([event]);
    expect(body).toEqual([emitted('apps:created')]);
    await client.next('event');
  });

  it('publishes to the private channel of any user', async () => {
    const { body } = await post({ channel: 'user:u7', data: null });
    expect(body).toEqual(emitted('user:u7'));
    expect(await client.next('event')).toMatchObject({ channel: 'user:u7', data: null });
  });

  it('publishes an idempotencyKey once', async () => {
    const first = await post({ ...event, idempotencyKey: 'k1' });
    const second = await post({ ...event, data: 'again', idempotencyKey: 'k1' });
    expect(second.status).toBe(201);
    expect((second.body as { id?: string }).id).toBe((first.body as { id?: string }).id);
    expect(await client.next('event')).toMatchObject(event);
  });
});

describe('a batch of events', () => {
  it('does not block other clients while it is validated', async () => {
    const channels = [{ name: 'reports', access: 'public' as const, data: Report }];
    const app = await RealtimeApp.start({ publishApiKeys: [API_KEY], channels });
    const turn = (): void => {
      turns += 1;
      next = setImmediate(turn);
    };
    let next = setImmediate(turn);
    const body = JSON.stringify(Array.from({ length: 10 }, () => ({ channel: 'reports', data: { text: 'x' } })));
    const headers = { 'Content-Type': 'application/json', 'X-API-Key': API_KEY };
    const { status } = await fetch(`${app.http}/realtime/events`, { method: 'POST', headers, body });
    clearImmediate(next);
    await app.close();
    expect(status).toBe(201);
    expect(turnsAtChecks).toHaveLength(10);
    expect(new Set(turnsAtChecks).size).toBeGreaterThan(8);
  });
});
