import { jest } from '@jest/globals';
import { Expose, Type } from 'class-transformer';
import { IsOptional, IsString, ValidateNested } from 'class-validator';
import { FieldGroups, MAX_NAMED_USERS } from '../../src/realtime/channels/fields/field-groups.js';
import { ExposeToUser, RealtimeControl, RealtimeModule } from '../../src/realtime/index.js';
import { signToken, type TestClaims } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import { connect, type WsClient } from '../support/ws-client.js';
import { RealtimeApp, type TestOptions } from './support/realtime-app.js';

declare module '../../src/protocol/events.js' {
  interface RealtimeEvents {
    'people:changed': { readonly id: string };
    'people:open': { readonly id: string };
    'people:all': { readonly people: readonly { readonly id: string }[] };
  }
}

class Person {
  @IsString()
  id!: string;

  @IsOptional()
  @IsString()
  @Expose({ groups: ['admin'] })
  @ExposeToUser('id')
  email?: string;

  /** Only the user receives it. */
  @IsOptional()
  @IsString()
  @ExposeToUser('id')
  phone?: string;
}

class People {
  @ValidateNested()
  @Type(() => Person)
  people!: Person[];
}

const CHANNEL = 'people:changed';
const person = (id: string) => ({ id, email: `${id}@example.com`, phone: `phone of ${id}` });
const features = (rest: object = {}) =>
  RealtimeModule.forFeature([
    { name: CHANNEL, access: 'authenticated', data: Person, ...rest },
    { name: 'people:open', access: 'public', data: Person, declaredFieldsOnly: true },
    { name: 'people:all', access: 'authenticated', data: People },
  ]);

async function on(client: WsClient, channel = CHANNEL, rest: object = {}): Promise<WsClient> {
  expect(await client.ask({ type: 'subscribe', channel, ...rest })).toMatchObject({ type: 'subscribed' });
  return client;
}

/** Returns the data of the next events. */
async function taken(client: WsClient, count = 1): Promise<unknown[]> {
  const data: unknown[] = [];
  for (let index = 0; index < count; index += 1) data.push((await client.next('event')).data);
  return data;
}

describe.each(['memory', 'redis'] as const)('fields for the user that an event names (%s)', (engine) => {
  let redis: RedisProcess | null = null;
  let here: RealtimeApp;
  let there: RealtimeApp;
  const clients: WsClient[] = [];
  const options = (): TestOptions => ({ operatorApi: true, ...(redis === null ? {} : { redis: { url: redis.url } }) });

  beforeAll(async () => {
    redis = engine === 'redis' ? await RedisProcess.start() : null;
    here = await RealtimeApp.start(options(), { imports: [features()] });
    there = redis === null ? here : await RealtimeApp.start(options(), { imports: [features()] });
  });
  afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));
  afterAll(async () => {
    if (there !== here) await there.close();
    await here.close();
    await redis?.stop();
  });

  async function as(app: RealtimeApp, sub: string, claims: TestClaims = {}): Promise<WsClient> {
    const client = await app.connectAs({ sub, ...claims });
    clients.push(client);
    return client;
  }

  it('are sent to this user on each connection and instance; serialized once for the user and once for all others', async () => {
    const narrow = jest.spyOn(FieldGroups.prototype, 'narrow');
    const others = await Promise.all(['ben', 'eve', 'annabel'].map(async (id) => on(await as(there, id))));
    const ann = await Promise.all([1, 2].map(async () => on(await as(there, 'ann'))));
    const boss = await on(await as(there, 'boss', { role: 'admin' }));
    await here.events.emit(CHANNEL, person('ann'));
    for (const client of ann) expect(await taken(client)).toEqual([person('ann')]);
    for (const client of others) expect(await taken(client)).toEqual([{ id: 'ann' }]);
    expect(await taken(boss)).toEqual([{ id: 'ann', email: 'ann@example.com' }]);
    expect(narrow).toHaveBeenCalledTimes(3);
    narrow.mockClear();
    // An event of a user without a connection needs no extra frame.
    await here.events.emit(CHANNEL, person('zoe'));
    for (const client of [...ann, ...others]) expect(await taken(client)).toEqual([{ id: 'zoe' }]);
    expect(narrow).toHaveBeenCalledTimes(2);
    narrow.mockRestore();
  });

  it('reach only this user, with any number of events in one write', async () => {
    const [ann, ben, eve] = await Promise.all(['ann', 'ben', 'eve'].map(async (id) => on(await as(there, id))));
    const ids = ['ann', 'ben', 'ann', 'zoe'];
    await Promise.all(ids.map((id) => here.events.emit(CHANNEL, person(id))));
    const seenBy = (user: string) => ids.map((id) => (id === user ? person(id) : { id }));
    expect(await taken(ann!, 4)).toEqual(seenBy('ann'));
    expect(await taken(ben!, 4)).toEqual(seenBy('ben'));
    expect(await taken(eve!, 4)).toEqual(seenBy('eve'));
  });

  it('are replayed only to this user, from memory and from the history', async () => {
    const first = await on(await as(here, 'ann'));
    const { id: lastEventId } = await here.events.emit(CHANNEL, person('zoe'));
    for (const id of ['ann', 'ben']) await here.events.emit(CHANNEL, person(id));
    await taken(first, 3);
    for (const app of [here, there]) {
      const back = await on(await as(app, 'ann'), CHANNEL, { lastEventId });
      expect(await taken(back, 2)).toEqual([person('ann'), { id: 'ben' }]);
      const other = await on(await as(app, 'ben'), CHANNEL, { lastEventId });
      expect(await taken(other, 2)).toEqual([{ id: 'ann' }, person('ben')]);
      const third = await on(await as(app, 'eve'), CHANNEL, { lastEventId });
      expect(await taken(third, 2)).toEqual([{ id: 'ann' }, { id: 'ben' }]);
    }
  });

  it('reach no anonymous client, and the same connection once it sends the token of this user', async () => {
    const client = await there.connect();
    clients.push(client);
    await on(client, 'people:open');
    const emitted = { ...person('ann'), undeclared: 'x' };
    await here.events.emit('people:open', emitted);
    expect(await taken(client)).toEqual([{ id: 'ann' }]);
    await client.ask({ type: 'auth', token: signToken({ sub: 'ann' }) });
    await here.events.emit('people:open', emitted);
    expect(await taken(client)).toEqual([person('ann')]);
    await there.app.get(RealtimeControl).reauthorizeUser('ann');
    await here.events.emit('people:open', emitted);
    expect(await taken(client)).toEqual([person('ann')]);
  });

  it('are visible to operators like to the user', async () => {
    for (const id of ['ann', 'boss']) await here.events.emit(CHANNEL, person(id));
    const Authorization = `Bearer ${signToken({ sub: 'boss', role: 'admin' })}`;
    const answer = await fetch(`${there.http}/realtime/channels/${CHANNEL}/history`, { headers: { Authorization } });
    const { events } = (await answer.json()) as { events: { data: unknown }[] };
    expect(events.slice(-2).map(({ data }) => data)).toEqual([{ id: 'ann', email: 'ann@example.com' }, person('boss')]);
  });

  it('are narrowed per entry in lists; an event with too many users shows them to groups only, with a warning', async () => {
    const ann = await on(await as(there, 'ann'), 'people:all');
    const boss = await on(await as(there, 'boss', { role: 'admin' }), 'people:all');
    const list = (count: number) => ({
      people: ['ann', ...Array.from({ length: count - 1 }, (_, index) => `u${index}`)].map(person),
    });
    await here.events.emit('people:all', list(MAX_NAMED_USERS));
    const [{ people }] = (await taken(ann)) as [ReturnType<typeof list>];
    expect(people).toEqual([
      person('ann'),
      ...list(MAX_NAMED_USERS)
        .people.slice(1)
        .map(({ id }) => ({ id })),
    ]);
    // Nest has one logger per process: that of the application created last.
    const warnings = () =>
      there.log.lines.filter((line) => line.includes('names more than 16 users for @ExposeToUser'));
    expect(warnings()).toEqual([]);
    await here.events.emit('people:all', list(MAX_NAMED_USERS + 1));
    const [many] = (await taken(ann)) as [ReturnType<typeof list>];
    expect(many.people[0]).toEqual({ id: 'ann' });
    const [, ofBoss] = (await taken(boss, 2)) as ReturnType<typeof list>[];
    expect(ofBoss!.people[0]).toEqual({ id: 'ann', email: 'ann@example.com' });
    expect(warnings()).toHaveLength(1);
  });
});

describe('fields for the user that an event names, with tenants', () => {
  const tenants = { claim: 'tenant', platformRole: 'platform' };

  it('reach the user of the tenant, and not a platform admin with the same id', async () => {
    const app = await RealtimeApp.start({ tenants, operatorApi: true }, { imports: [features()] });
    try {
      const enter = async (query: string): Promise<WsClient> => {
        const client = await connect(`${app.url}?${query}`);
        await client.next('connected');
        return on(client);
      };
      const platform = signToken({ sub: 'ann', role: 'platform' });
      const ann = await enter(`token=${signToken({ sub: 'ann', tenant: 'acme' })}`);
      const rival = await enter(`token=${signToken({ sub: 'ann', tenant: 'rival' })}`);
      const operator = await enter(`tenant=acme&token=${platform}`);
      await app.events.emit(CHANNEL, person('ann'), { tenant: 'acme' });
      expect(await taken(ann)).toEqual([person('ann')]);
      expect(await taken(operator)).toEqual([{ id: 'ann' }]);
      await rival.fence();
      expect(rival.frames.some(({ type }) => type === 'event')).toBe(false);
      const Authorization = `Bearer ${platform}`;
      const url = `${app.http}/realtime/channels/${CHANNEL}/history?tenant=acme`;
      const { events } = (await (await fetch(url, { headers: { Authorization } })).json()) as {
        events: { data: unknown }[];
      };
      expect(events.map(({ data }) => data)).toEqual([{ id: 'ann' }]);
      for (const client of [ann, rival, operator]) await client.close();
    } finally {
      await app.close();
    }
  });

  it('are rejected on a global channel, where several users can have the same id', async () => {
    const starting = RealtimeApp.start({ tenants }, { imports: [features({ global: true })] });
    await expect(starting).rejects.toThrow('people:changed is global and its class has @ExposeToUser');
    const without = await RealtimeApp.start({}, { imports: [features({ global: true })] });
    await without.close();
  });
});
