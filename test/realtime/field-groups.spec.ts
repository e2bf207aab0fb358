import { jest } from '@jest/globals';
import { allowDirectWrites } from '../../src/realtime/connections/web-socket-transport.js';
import { FieldGroups } from '../../src/realtime/channels/fields/field-groups.js';
import {
  ChannelPolicy,
  ChannelPolicyService,
  RealtimeControl,
  RealtimeModule,
  type CanSubscribe,
  type ChannelAnswer,
  type ChannelContext,
  type FieldPath,
} from '../../src/realtime/index.js';
import { Counters } from '../../src/realtime/observability/counters.js';
import { RedisProcess } from '../support/redis-process.js';
import { signToken } from '../support/jwt.js';
import type { WsClient } from '../support/ws-client.js';
import { CHANNEL, Invoice, invoice, SECRETS } from './support/invoices.js';
import { RealtimeApp, type TestOptions } from './support/realtime-app.js';

/** Members, and fields granted by name: the policy's data. */
const members = new Set<string>();
const named = new Map<string, readonly FieldPath<Invoice>[]>();
let gate: Promise<void> = Promise.resolve();

@ChannelPolicy('teams:{teamId}:*')
class TeamPolicy implements CanSubscribe {
  async canSubscribe({ principal }: ChannelContext): Promise<ChannelAnswer<Invoice>> {
    const groups = principal !== null && members.has(principal.user.userId) ? ['members', 'nonsense'] : [];
    if (principal?.user.userId === 'odd')
      return { allowed: true, groups: 'members' } as unknown as ChannelAnswer<Invoice>;
    if (principal?.user.userId === 'eve') return { allowed: true, fields: [5] } as unknown as ChannelAnswer<Invoice>;
    await gate;
    return { allowed: principal !== null, groups, fields: named.get(principal?.user.userId ?? '') ?? [] };
  }
}

const features = (data?: typeof Invoice) =>
  RealtimeModule.forFeature([
    { name: 'teams:{teamId}:invoice', ...(data && { data }) },
    { name: 'teams:all', access: 'public', history: false, ...(data && { data }) },
  ]);

describe.each(['memory', 'redis'] as const)('restricted fields (%s)', (engine) => {
  let redis: RedisProcess | null = null;
  let here: RealtimeApp;
  let there: RealtimeApp;
  const clients: { client: WsClient; groups: readonly string[] }[] = [];
  const options = (): TestOptions => ({ operatorApi: true, ...(redis === null ? {} : { redis: { url: redis.url } }) });
  const start = () => RealtimeApp.start(options(), { imports: [features(Invoice)], providers: [TeamPolicy] });

  beforeAll(async () => {
    redis = engine === 'redis' ? await RedisProcess.start() : null;
    here = await start();
    there = redis === null ? here : await start();
  });
  beforeEach(() => {
    members.clear();
    named.clear();
    gate = Promise.resolve();
  });
  afterEach(async () => {
    for (const { client, groups } of clients) {
      const text = JSON.stringify(client.frames);
      for (const [secret, allowed] of SECRETS) {
        const may = allowed.some((group: string) => groups.includes(group));
        if (!may && text.includes(secret)) throw new Error(`A client without the group received ${secret}: ${text}`);
      }
    }
    await Promise.all(clients.splice(0).map(({ client }) => client.close()));
  });
  afterAll(async () => {
    if (there !== here) await there.close();
    await here.close();
    await redis?.stop();
  });

  /** @param groups groups that the client may have; received fields are checked against them after the test */
  async function as(app: RealtimeApp, sub: string, role: string, groups: readonly string[]): Promise<WsClient> {
    const client = await app.connectAs({ sub, role });
    clients.push({ client, groups });
    return client;
  }
  async function on(client: WsClient, rest: object = {}, channel = CHANNEL): Promise<WsClient> {
    expect(await client.ask({ type: 'subscribe', channel, ...rest })).toMatchObject({ type: 'subscribed' });
    return client;
  }
  const dataOf = async (client: WsClient, id: string) =>
    (await client.next('event', ({ data }) => (data as { id?: string }).id === id)).data;

  /** Data of the last event in the history, as an admin reads it over HTTP. */
  const lastKept = async (app: RealtimeApp) => {
    const Authorization = `Bearer ${signToken({ sub: 'boss', role: 'admin' })}`;
    const answer = await fetch(`${app.http}/realtime/channels/${CHANNEL}/history`, { headers: { Authorization } });
    const { events } = (await answer.json()) as { events: { data: unknown }[] };
    return events.at(-1)!.data;
  };
  const text = 'x'.repeat(1_500);
  const bare = (id: string) => ({ id, lines: [{ text }] });
  const ofAdmin = (id: string) => ({ id, lines: [{ text, price: 77_777 }] });
  const ofBilling = (id: string) => ({ ...ofAdmin(id), iban: 'of billing' });

  it('are sent to each role that has access, on every instance; serialized once per role, not once per subscriber', async () => {
    members.add('ann');
    const narrow = jest.spyOn(FieldGroups.prototype, 'narrow');
    const users = await Promise.all(['a', 'b', 'c'].map(async (id) => on(await as(there, id, 'user', []))));
    const ann = await on(await as(there, 'ann', 'user', ['members']));
    const boss = await on(await as(there, 'boss', 'admin', ['admin']));
    const billing = await on(await as(there, 'bill', 'billing', ['billing']));
    await here.events.emit(CHANNEL, invoice('1'));
    for (const user of users) expect(await dataOf(user, '1')).toEqual(bare('1'));
    expect(await dataOf(ann, '1')).toEqual({ ...bare('1'), comment: 'of members' });
    expect(await dataOf(boss, '1')).toEqual(ofAdmin('1'));
    expect(await dataOf(billing, '1')).toEqual(ofBilling('1'));
    expect(narrow).toHaveBeenCalledTimes(4);
    narrow.mockRestore();
  });

  it('are sent to users with a grant by name, over every path; serialized once per set of fields', async () => {
    const channel = 'teams:named:invoice';
    named.set('ann', ['comment', 'lines.price', 'internal']); // hidden from all users, cannot be granted
    named.set('ben', ['lines.price', 'lines.price', 'comment', 'lines.text', 'id']);
    named.set('bill', ['iban', 'comment']);
    const granted = (id: string) => ({ ...ofAdmin(id), comment: 'of members' });
    const ann = await on(await as(there, 'ann', 'user', ['members', 'admin']), {}, channel);
    const ben = await on(await as(there, 'ben', 'user', ['members', 'admin']), {}, channel);
    const user = await on(await as(there, 'a', 'user', []), {}, channel);
    const bill = await on(await as(there, 'bill', 'billing', ['billing', 'members']), {}, channel);
    const narrow = jest.spyOn(FieldGroups.prototype, 'narrow');
    const { id } = await here.events.emit(channel, invoice('1'));
    expect(await dataOf(ann, '1')).toEqual(granted('1'));
    expect(await dataOf(ben, '1')).toEqual(granted('1'));
    expect(await dataOf(bill, '1')).toEqual({ ...ofBilling('1'), comment: 'of members' });
    expect(await dataOf(user, '1')).toEqual(bare('1'));
    expect(narrow).toHaveBeenCalledTimes(3);
    narrow.mockRestore();
    // Several at once, and to clients that resume.
    await Promise.all(['2', '3'].map((name) => here.events.emit(channel, invoice(name))));
    expect(await dataOf(ann, '3')).toEqual(granted('3'));
    for (const app of [here, there]) {
      const back = await on(await as(app, 'ann', 'user', ['members', 'admin']), { lastEventId: id }, channel);
      expect(await dataOf(back, '2')).toEqual(granted('2'));
    }
    // Groups of the role are lost with the role; groups from the policy are lost when the policy is evaluated again.
    await bill.ask({ type: 'auth', token: signToken({ sub: 'bill', role: 'user' }) });
    await here.events.emit(channel, invoice('4'));
    expect(await dataOf(bill, '4')).toEqual({ ...bare('4'), iban: 'of billing', comment: 'of members' });
    named.clear();
    await Promise.all(['ann', 'bill'].map((name) => here.app.get(RealtimeControl).reauthorizeUser(name)));
    await here.events.emit(channel, invoice('5'));
    for (const client of [ann, bill]) expect(await dataOf(client, '5')).toEqual(bare('5'));
    expect(await dataOf(ben, '5')).toEqual(granted('5'));
  });

  it('are omitted for anonymous clients, and if writes do not go straight to the socket', async () => {
    const anonymous = await there.connect({ perMessageDeflate: false });
    clients.push({ client: anonymous, groups: [] });
    allowDirectWrites(false);
    try {
      await anonymous.ask({ type: 'subscribe', channel: 'teams:all' });
      await here.events.emit('teams:all', invoice('1'));
      expect(await dataOf(anonymous, '1')).toEqual(bare('1'));
    } finally {
      allowDirectWrites(true);
    }
    await here.events.emit('teams:all', invoice('2'));
    expect(await dataOf(anonymous, '2')).toEqual(bare('2'));
  });

  it('are omitted from replays, from memory and from the history', async () => {
    const channel = 'teams:replayed:invoice';
    const first = await on(await as(here, 'a', 'user', []), {}, channel);
    await here.events.emit(channel, invoice('1'));
    const { id } = await first.next('event');
    for (const name of ['2', '3']) await here.events.emit(channel, invoice(name));
    await dataOf(first, '3');
    // That instance had no subscriber, so it reads the missed events from the history. The next client gets them from
    // memory.
    for (const name of ['b', 'c']) {
      const back = await on(await as(there, name, 'user', []), { lastEventId: id }, channel);
      expect(await dataOf(back, '2')).toEqual(bare('2'));
      expect(await dataOf(back, '3')).toEqual(bare('3'));
    }
    const bill = await on(await as(there, 'bill', 'billing', ['billing']), { lastEventId: id }, channel);
    expect(await dataOf(bill, '2')).toEqual(ofBilling('2'));
  });

  it('are lost with the role: nothing is delivered before the policy has answered, and another role brings them back', async () => {
    const client = await on(await as(there, 'bill', 'billing', ['billing']));
    let open = (): void => undefined;
    gate = new Promise((resolve) => (open = resolve));
    await client.ask({ type: 'auth', token: signToken({ sub: 'bill', role: 'user' }) });
    await here.events.emit(CHANNEL, invoice('1'));
    await client.expectNone('event');
    open();
    expect(await dataOf(client, '1')).toEqual(bare('1'));
    await client.ask({ type: 'auth', token: signToken({ sub: 'bill', role: 'billing' }) });
    await here.events.emit(CHANNEL, invoice('2'));
    expect(await dataOf(client, '2')).toEqual(ofBilling('2'));
  });

  it('are lost when permissions are re-evaluated, and an outdated answer does not restore them', async () => {
    members.add('ann');
    const ann = await on(await as(there, 'ann', 'user', ['members']));
    const control = here.app.get(RealtimeControl);
    let open = (): void => undefined;
    const slow = new Promise<void>((resolve) => (open = resolve));
    const policies = there.app.get(ChannelPolicyService);
    const authorize = policies.authorize.bind(policies);
    let asked = (): void => undefined;
    const wasAsked = new Promise<void>((resolve) => (asked = resolve));
    const held = jest.spyOn(policies, 'authorize').mockImplementationOnce(async (...args) => {
      const answer = await authorize(...args); // returns that she is a member
      asked();
      await slow;
      return answer;
    });
    const first = control.reauthorizeUser('ann');
    await wasAsked;
    members.clear();
    await control.reauthorizeUser('ann');
    open();
    await first;
    held.mockRestore();
    await here.events.emit(CHANNEL, invoice('1'));
    expect(await dataOf(ann, '1')).toEqual(bare('1'));
  });

  it('are granted only by a valid answer of the policy, which operators can inspect', async () => {
    const odd = await as(there, 'odd', 'user', []);
    expect(await odd.ask({ type: 'subscribe', channel: CHANNEL })).toMatchObject({ code: 'unavailable' });
    const eve = await as(there, 'eve', 'user', []);
    expect(await eve.ask({ type: 'subscribe', channel: CHANNEL })).toMatchObject({ code: 'unavailable' });
    members.add('u1');
    named.set('u1', ['comment']);
    const policies = there.app.get(ChannelPolicyService);
    const principal = { user: { userId: 'u1', email: null, role: 'user' } } as Parameters<typeof policies.explain>[0];
    expect(await policies.explain(principal, CHANNEL)).toMatchObject({
      policy: { groups: ['members', 'nonsense'], fields: ['comment'] },
    });
    const Authorization = `Bearer ${signToken({ sub: 'boss', role: 'admin' })}`;
    const url = `${there.http}/realtime/explain?channel=${CHANNEL}&user=u1`;
    const answer = await fetch(url, { headers: { Authorization } });
    expect(await answer.json()).toMatchObject({ groups: ['members', 'nonsense'], fields: ['comment'] });
  });

  it('are validated like all others; operators see the fields of their role in the history, and no user sees hidden fields', async () => {
    await expect(here.events.emit(CHANNEL, { ...invoice('1'), iban: 5 })).rejects.toThrow('iban must be a string');
    await here.events.emit(CHANNEL, invoice('last'));
    expect(await lastKept(there)).toEqual(ofAdmin('last'));
  });

  it('are withheld with all other fields by an instance that does not know their audience; it counts and logs that', async () => {
    if (redis === null) return;
    const edge = await RealtimeApp.start(options(), { imports: [features()], providers: [TeamPolicy] });
    try {
      const bill = await on(await as(edge, 'bill', 'billing', []));
      const { id } = await here.events.emit(CHANNEL, invoice('1'));
      expect(await bill.next('event')).toMatchObject({ id, data: null });
      const { id: next } = await here.events.emit(CHANNEL, invoice('2'));
      await bill.next('event', (event) => event.id === next);
      const back = await on(await as(edge, 'bill', 'billing', []), { lastEventId: id });
      expect(await back.next('event')).toMatchObject({ id: next, data: null });
      expect(await lastKept(edge)).toBeNull();
      expect(edge.app.get(Counters).invalidEvents.get('withheld')).toBe(2);
      expect(edge.log.lines.filter((line) => line.includes(`to ${CHANNEL} is withheld`))).toHaveLength(1);
      // Its own events are narrowed if the class is known, and cannot be if it is not.
      for (const client of [bill, back]) await client.ask({ type: 'unsubscribe', channel: CHANNEL });
      const user = await on(await as(here, 'a', 'user', []));
      await edge.events.emit(CHANNEL, invoice('3'));
      expect(await dataOf(user, '3')).toEqual(bare('3'));
    } finally {
      await edge.close();
    }
  });
});
