import { Injectable, Module, Scope } from '@nestjs/common';
import {
  ChannelPolicy,
  ChannelPolicyService,
  RealtimeControl,
  RealtimeModule,
  RedisBridge,
  type CanSubscribe,
  type ChannelAnswer,
  type ChannelContext,
} from '../../src/realtime/index.js';
import { Counters } from '../../src/realtime/observability/counters.js';
import { signToken } from '../support/jwt.js';
import type { WsClient } from '../support/ws-client.js';
import { RealtimeApp } from './support/realtime-app.js';

declare module '../../src/protocol/events.js' {
  interface RealtimeEvents {
    [ofAProject: `projects:${string}:updated`]: { readonly name: string };
    'projects:all:summary': { readonly projects: number };
    [ofAnOrder: `orders:${string}:status`]: { readonly status: string };
    'billing:invoices': { readonly total: number };
  }
}

/** Members of projects: the application's data. */
@Injectable()
class Members {
  readonly of = new Map<string, Set<string>>();
  /** The policy waits for this before it answers. */
  gate: Promise<void> = Promise.resolve();
  /** Called when the policy is evaluated. */
  asked: (context: ChannelContext) => void = () => undefined;

  set(project: string, ...users: string[]): void {
    this.of.set(project, new Set(users));
  }
}

@ChannelPolicy('projects:{projectId}:*')
class ProjectPolicy implements CanSubscribe {
  constructor(private readonly members: Members) {}

  async canSubscribe(context: ChannelContext): Promise<ChannelAnswer> {
    const { principal, params } = context;
    this.members.asked(context);
    if (params['projectId'] === 'broken') throw new Error('the database said no');
    if (params['projectId'] === 'stuck') return new Promise<never>(() => undefined);
    if (params['projectId'] === 'mute') return undefined as unknown as ChannelAnswer;
    const allowed =
      principal !== null && this.members.of.get(params['projectId']!)?.has(principal.user.userId) === true;
    await this.members.gate;
    return { allowed, reason: allowed ? 'a member' : 'no member of the project' };
  }
}

@Module({
  imports: [
    RealtimeModule.forFeature([
      { name: 'projects:{projectId}:updated', presence: true },
      { name: 'projects:all:summary', history: false },
    ]),
  ],
  providers: [Members, ProjectPolicy],
  exports: [Members],
})
class ProjectsModule {}

@Module({
  imports: [
    RealtimeModule.forFeature([
      { name: 'orders:{userId}:status', access: { owner: 'userId' } },
      { name: 'billing:invoices', access: { roles: ['billing', 'sales'] } },
    ]),
  ],
})
class ShopModule {}

describe('channels of feature modules', () => {
  let app: RealtimeApp;
  let members: Members;
  let control: RealtimeControl;
  const clients: WsClient[] = [];

  beforeAll(async () => {
    app = await RealtimeApp.start(
      { policyTimeoutMs: 300, operatorApi: true },
      { imports: [ProjectsModule, ShopModule] },
    );
    members = app.app.get(Members);
    control = app.app.get(RealtimeControl);
  });
  beforeEach(() => {
    members.of.clear();
    members.gate = Promise.resolve();
    members.asked = () => undefined;
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });
  afterAll(() => app.close());

  async function as(sub: string, role = 'user'): Promise<WsClient> {
    const client = await app.connectAs({ sub, role });
    clients.push(client);
    return client;
  }

  const subscribe = (client: WsClient, channel: string) => client.ask({ type: 'subscribe', channel });

  it('are usable by users that the policy allows, for each name separately', async () => {
    members.set('42', 'ann');
    const [ann, bob] = [await as('ann'), await as('bob')];
    expect(await subscribe(ann, 'projects:42:updated')).toMatchObject({ type: 'subscribed' });
    expect(await subscribe(ann, 'projects:43:updated')).toMatchObject({ code: 'forbidden' });
    expect(await subscribe(bob, 'projects:42:updated')).toMatchObject({
      code: 'forbidden',
      message: 'Not authorized to subscribe to this channel',
    });
    await app.events.emit('projects:43:updated', { name: 'unseen' });
    await app.events.emit('projects:42:updated', { name: 'seen' });
    expect(await ann.next('event')).toMatchObject({ channel: 'projects:42:updated', data: { name: 'seen' } });
    await bob.expectNone('event');
  });

  it('evaluate the policy also for admins and anonymous clients', async () => {
    const asked: (string | undefined)[] = [];
    members.asked = ({ principal, channel, params }) =>
      asked.push(`${principal?.user.userId} ${channel} ${JSON.stringify(params)}`);
    const anonymous = await app.connect();
    clients.push(anonymous);
    expect(await subscribe(anonymous, 'projects:42:updated')).toMatchObject({ code: 'forbidden' });
    expect(await subscribe(await as('boss', 'admin'), 'projects:42:updated')).toMatchObject({ code: 'forbidden' });
    expect(asked).toEqual(['undefined', 'boss'].map((user) => `${user} projects:42:updated {"projectId":"42"}`));
  });

  it('cannot be probed: an unregistered name is forbidden to users that the policy refuses', async () => {
    members.set('42', 'ann');
    expect(await subscribe(await as('ann'), 'projects:42:nothing')).toMatchObject({ code: 'unknown_channel' });
    expect(await subscribe(await as('bob'), 'projects:42:nothing')).toMatchObject({ code: 'forbidden' });
  });

  it('belong to the owner in their name, and to admins', async () => {
    const ann = await as('ann');
    expect(await subscribe(ann, 'orders:ann:status')).toMatchObject({ type: 'subscribed' });
    for (const other of ['orders:bob:status', 'orders:Ann:status', 'orders:ann.:status', 'orders:{userId}:status']) {
      expect(await subscribe(ann, other)).toMatchObject({ type: 'error' });
    }
    expect(await subscribe(await as('boss', 'admin'), 'orders:bob:status')).toMatchObject({ type: 'subscribed' });
  });

  it('are for the listed roles, and for admins, in whose list they appear', async () => {
    const listed = async (client: WsClient) => {
      const answer = await client.ask({ type: 'list_channels' });
      return (answer as unknown as { channels: string[] }).channels.includes('billing:invoices');
    };
    for (const [role, may] of [
      ['billing', true],
      ['sales', true],
      ['user', false],
      ['Billing', false],
      ['admin', true],
    ] as const) {
      const client = await as('ann', role);
      const expected = may ? { type: 'subscribed' } : { code: 'forbidden' };
      expect(await subscribe(client, 'billing:invoices')).toMatchObject(expected);
      expect(await listed(client)).toBe(may);
    }
  });

  it('match a wildcard if they have a fixed name and the policy allows them', async () => {
    members.set('all', 'ann');
    const ann = await as('ann');
    expect(await subscribe(ann, 'projects:*')).toMatchObject({ type: 'subscribed', channel: 'projects:all:summary' });
    expect(await subscribe(await as('bob'), 'projects:*')).toMatchObject({ code: 'unknown_channel' });
  });

  it('have presence if their pattern has it', async () => {
    members.set('42', 'ann', 'bob');
    const [ann, bob] = [await as('ann'), await as('bob')];
    await ann.ask({ type: 'subscribe', channel: 'projects:42:updated', presence: true });
    expect(await ann.next('presence')).toMatchObject({ channel: 'projects:42:updated', count: 1 });
    await subscribe(bob, 'projects:42:updated');
    expect(await ann.next('presence_diff')).toMatchObject({ joined: [{ userId: 'bob' }] });
  });

  it.each([
    ['throws', 'broken', 'threw', 'the database said no'],
    ['hangs', 'stuck', 'timed_out', 'it took more than 300 ms'],
    ['returns nothing', 'mute', 'invalid', 'neither a boolean nor { allowed, reason, groups, fields, info }'],
  ])('are unavailable if the policy %s; it is logged, and others keep working', async (_what, id, outcome, why) => {
    const { policyFailures } = app.app.get(Counters);
    const before = policyFailures.get(outcome);
    members.set('42', 'bob');
    const [ann, bob] = [await as('ann'), await as('bob')];
    const refused = subscribe(ann, `projects:${id}:updated`);
    expect(await subscribe(bob, 'projects:42:updated')).toMatchObject({ type: 'subscribed' });
    const answer = await refused;
    expect(answer).toMatchObject({ code: 'unavailable' });
    expect(JSON.stringify(answer)).not.toContain(why);
    expect(policyFailures.get(outcome)).toBe(before + 1);
    expect(app.log.lines.filter((line) => line.includes(why))).toHaveLength(1);
    // The second failure is counted, but not logged.
    await subscribe(ann, `projects:${id}:updated`);
    expect(policyFailures.get(outcome)).toBe(before + 2);
    expect(app.log.lines.filter((line) => line.includes(why))).toHaveLength(1);
    await ann.fence();
  });

  it('are re-authorized when the token is renewed, and on request of the application', async () => {
    members.set('42', 'ann');
    const ann = await as('ann');
    await subscribe(ann, 'projects:42:updated');
    members.set('42');
    await ann.ask({ type: 'auth', token: signToken({ sub: 'ann' }) });
    const ended = { channel: 'projects:42:updated', reason: 'access_revoked' };
    expect(await ann.next('unsubscribed')).toMatchObject(ended);
    members.set('42', 'ann');
    await subscribe(ann, 'projects:42:updated');
    members.set('42');
    await control.reauthorizeUser('ann');
    await app.events.emit('projects:42:updated', { name: 'unseen' });
    expect(await ann.next('unsubscribed')).toMatchObject(ended);
    await ann.expectNone('event');
  });

  it('are paused if the policy hangs when they are re-authorized', async () => {
    members.set('42', 'ann');
    const ann = await as('ann');
    await subscribe(ann, 'projects:42:updated');
    members.gate = new Promise(() => undefined);
    await control.reauthorizeUser('ann');
    await app.events.emit('projects:42:updated', { name: 'kept back' });
    await ann.expectNone();
    members.gate = Promise.resolve();
    expect(await ann.next('event')).toMatchObject({ data: { name: 'kept back' } });
  });

  it('deliver nothing after an acknowledged revocation, also if it arrived during a subscribe', async () => {
    members.set('42', 'ann');
    const ann = await as('ann');
    // The policy has read the members, but not answered yet.
    let open = (): void => undefined;
    members.gate = new Promise((resolve) => (open = resolve));
    const asked = new Promise<void>((resolve) => (members.asked = () => resolve()));
    const answer = subscribe(ann, 'projects:42:updated');
    await asked;
    members.set('42');
    await control.reauthorizeUser('ann');
    open();
    await app.events.emit('projects:42:updated', { name: 'unseen' });
    expect(await answer).toMatchObject({ code: 'forbidden' });
    await app.events.emit('projects:42:updated', { name: 'unseen, too' });
    await ann.expectNone('event');
    expect([...app.registry.topics()]).not.toContain('projects:42:updated');
  });

  it.each(['before', 'after'])(
    'deliver nothing to a subscription that was re-authorized %s its registration',
    async (when) => {
      members.set('42', 'ann');
      const ann = await as('ann');
      const bridge = app.app.get(RedisBridge);
      const attach = bridge.attach.bind(bridge);
      const revoke = (): Promise<unknown> => {
        members.set('42');
        return control.reauthorizeUser('ann');
      };
      bridge.attach = async (...args) => {
        bridge.attach = attach;
        if (when === 'before') await revoke();
        const attachment = await attach(...args);
        if (when === 'after') await revoke();
        return attachment;
      };
      expect(await subscribe(ann, 'projects:42:updated')).toMatchObject({ code: 'forbidden' });
      await app.events.emit('projects:42:updated', { name: 'unseen' });
      await ann.expectNone('event');
      expect([...app.registry.topics()]).not.toContain('projects:42:updated');
    },
  );

  it('are explained: the rule, the policy, its answer and the reason', async () => {
    members.set('42', 'ann');
    const policy = app.app.get(ChannelPolicyService);
    await as('ann');
    const { principal } = [...app.registry.ofUser('ann')][0]!;
    const rule = { pattern: 'projects:{projectId}:*', access: { policy: 'ProjectPolicy' } };
    const explained = (channel: string, whose = principal) => policy.explain(whose, channel);
    expect(await explained('projects:42:updated')).toEqual({
      channel: 'projects:42:updated',
      verdict: 'granted',
      registered: true,
      isOutsideLimit: false,
      rule,
      policy: { name: 'ProjectPolicy', outcome: 'allowed', reason: 'a member', groups: [], fields: [] },
    });
    expect(await explained('projects:43:nothing', null)).toEqual({
      channel: 'projects:43:nothing',
      verdict: 'forbidden',
      registered: false,
      isOutsideLimit: false,
      rule,
      policy: { name: 'ProjectPolicy', outcome: 'refused', reason: 'no member of the project', groups: [], fields: [] },
    });
    expect(await explained('projects:broken:updated')).toMatchObject({
      verdict: 'unavailable',
      policy: { outcome: 'threw', reason: 'the database said no' },
    });
    expect(await explained('system:health')).toMatchObject({
      verdict: 'forbidden',
      rule: { pattern: 'system:*', access: 'admin' },
      policy: null,
    });
    expect(await explained('nobody:knows')).toMatchObject({ verdict: 'unknown_channel', rule: null });
  });

  it.each([
    ['projects:42:updated', { allowed: true, reason: 'a member' }],
    ['projects:43:updated', { allowed: false, reason: 'no member of the project' }],
    ['projects:broken:updated', { allowed: false, reason: 'the database said no' }],
    ['projects:stuck:updated', { allowed: false, reason: 'it took more than 300 ms' }],
  ])('are explained to operators: %s', async (channel, answer) => {
    members.set('42', 'ann');
    const response = await fetch(`${app.http}/realtime/explain?${new URLSearchParams({ channel, user: 'ann' })}`, {
      headers: { authorization: `Bearer ${signToken({ sub: 'boss', role: 'admin' })}` },
    });
    const policy = { channel, rule: 'projects:{projectId}:*', policy: 'ProjectPolicy', groups: [], fields: [] };
    expect(await response.json()).toEqual({ ...policy, ...answer });
  });
});

describe('an application does not start', () => {
  const start = (...providers: never[]) => RealtimeApp.start({}, { providers });

  it('with a request-scoped policy', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class OfRequest {}
    @ChannelPolicy('rooms:*')
    class RoomPolicy implements CanSubscribe {
      constructor(readonly request: OfRequest) {}
      canSubscribe = () => true;
    }
    await expect(start(OfRequest as never, RoomPolicy as never)).rejects.toThrow(
      'the policy RoomPolicy must be a singleton',
    );
  });

  it('with a policy without canSubscribe', async () => {
    @ChannelPolicy('rooms:*')
    class RoomPolicy {}
    await expect(start(RoomPolicy as never)).rejects.toThrow('the policy RoomPolicy needs canSubscribe(context)');
  });

  it('with channels of two modules that overlap', async () => {
    const features = ['rooms:{id}', 'rooms:lobby'].map((name) =>
      RealtimeModule.forFeature([{ name, access: 'public' }]),
    );
    await expect(RealtimeApp.start({}, { imports: features })).rejects.toThrow('rooms:{id} and rooms:lobby overlap');
  });
});
