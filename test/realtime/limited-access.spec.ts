import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import type { ServerFrame } from '../../src/protocol/index.js';
import {
  AuthService,
  ChannelPolicy,
  GuestTickets,
  RealtimeAudit,
  RealtimeControl,
  RedisBridge,
  type AuditEntry,
  type CanSubscribe,
  type ChannelContext,
} from '../../src/realtime/index.js';
import { signToken, type TestClaims } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';
import { connect, type WsClient } from '../support/ws-client.js';
import { RealtimeApp } from './support/realtime-app.js';
import { errorOf } from './support/shapes.js';

type FrameOf<T extends ServerFrame['type']> = Extract<ServerFrame, { type: T }>;

/** The principals that the policy was asked about, in order. */
const asked: ChannelContext['principal'][] = [];

/** Admits members of a board, and guests of boards that are shared. */
@ChannelPolicy('boards:{id}:*')
class Boards implements CanSubscribe {
  canSubscribe({ principal, params }: ChannelContext): boolean {
    asked.push(principal);
    if (principal?.guest !== undefined) return params['id'] !== 'private';
    return principal?.user.userId === 'member';
  }
}

class Trail extends RealtimeAudit {
  readonly entries: AuditEntry[] = [];

  override record(entry: AuditEntry): void {
    this.entries.push(entry);
  }
}

@WebSocketGateway({ path: '/ws' })
class Chat {
  @SubscribeMessage('say')
  say(): string {
    return 'said';
  }
}

const LIMIT = 'realtime_channels';
const CHANNELS = [
  { name: 'boards:{id}:changed', presence: true },
  { name: 'boards:{id}:cursor', history: false },
  { name: 'news', access: 'public' },
  { name: 'feed:a', access: 'authenticated', presence: true },
  { name: 'feed:b', access: 'authenticated' },
  { name: 'sales', access: { roles: ['sales', 'guest'] } },
  { name: 'orders:{userId}', access: { owner: 'userId' } },
] as const;
const REVOKED = { code: 4403, reason: expect.any(String) as string };
const NO_TOKEN = { code: 4401, reason: 'no valid token' };
const LIMITED = errorOf('forbidden', { message: 'The token is limited to other channels' });

describe.each(['memory', 'Redis'])('limited access over %s', (engine) => {
  let redis: RedisProcess | null = null;
  let here: RealtimeApp;
  /** The instance of the clients: another one than that which issues and emits, if there are two. */
  let there: RealtimeApp;
  let tickets: GuestTickets;
  const trail = new Trail();
  const clients: WsClient[] = [];

  beforeAll(async () => {
    if (engine === 'Redis') redis = await RedisProcess.start();
    const options = {
      ...{ channels: [...CHANNELS], builtInChannels: false, operatorApi: true, publishApi: true },
      ...{ revocationTtlMs: 3_600_000, maxConnectionsPerUser: 4 },
      ...(redis !== null && { redis: { url: redis.url } }),
    };
    const providers = [Boards, Chat, { provide: RealtimeAudit, useValue: trail }];
    here = await RealtimeApp.start(options, { providers });
    there = redis === null ? here : await RealtimeApp.start(options, { providers });
    await until(() => [here, there].every(({ app }) => app.get(RedisBridge).status.up));
    tickets = here.app.get(GuestTickets);
  });
  afterAll(async () => {
    await here.close();
    if (there !== here) await there.close();
    await redis?.stop();
  });
  beforeEach(() => (asked.length = 0));
  afterEach(() => {
    for (const client of clients.splice(0)) client.terminate();
  });

  const opened = (client: WsClient): WsClient => {
    clients.push(client);
    return client;
  };
  const enter = async (channels: unknown, claims: TestClaims = {}): Promise<WsClient> => {
    const client = opened(await there.connectAs({ ...claims, [LIMIT]: channels }));
    return client;
  };
  const answersTo = async (client: WsClient, ...names: string[]): Promise<string[]> => {
    const answers: string[] = [];
    for (const channel of names) {
      const answer = await client.ask({ type: 'subscribe', channel });
      answers.push(answer.type === 'error' ? answer.code : answer.type);
    }
    return answers;
  };
  const greeted = async (client: WsClient): Promise<FrameOf<'connected'>> => opened(client).next('connected');
  const rest = (path: string, token: string, method = 'GET'): Promise<Response> =>
    fetch(`${there.http}/realtime/${path}`, { method, headers: { authorization: `Bearer ${token}` } });

  describe('the claim of a token', () => {
    it('limits its user to the listed channels and patterns, and is reported', async () => {
      const client = opened(await there.connect({ token: signToken({ [LIMIT]: ['feed:a', 'user:{id}'] }) }));
      expect(await client.next('connected')).toMatchObject({
        user: { userId: 'u1' },
        authorizedChannels: ['feed:a', 'user:u1'],
        limitedTo: ['feed:a', 'user:{id}'],
      });
      expect(await answersTo(client, 'feed:a', 'user:u1', 'feed:b', 'news', 'nothing', 'no:such')).toEqual([
        ...['subscribed', 'subscribed', 'forbidden', 'forbidden', 'forbidden', 'forbidden'],
      ]);
      expect(await client.ask({ type: 'list_channels' })).toMatchObject({ channels: ['feed:a', 'user:u1'] });
    });

    it('never widens, and asks no policy about other channels', async () => {
      const client = await enter(['boards:*', 'sales', 'orders:{id}', 'feed:a'], { sub: 'member' });
      expect(await answersTo(client, 'boards:1:changed', 'sales', 'orders:other', 'boards:1', 'user:member')).toEqual([
        ...['subscribed', 'forbidden', 'forbidden', 'unknown_channel', 'forbidden'],
      ]);
      expect(asked).toHaveLength(1);
      asked.length = 0;
      const stranger = await enter(['feed:a'], { sub: 'member' });
      expect(await answersTo(stranger, 'boards:1:changed')).toEqual(['forbidden']);
      expect(asked).toEqual([]);
    });

    it('applies to wildcards, presence, history over frames and HTTP, and resumes', async () => {
      const { id } = await here.events.publish('feed:b', {});
      const token = signToken({ [LIMIT]: ['feed:a'] });
      const client = opened(await there.connect({ token }));
      await client.next('connected');
      const kept = await here.events.publish('feed:a', {});
      expect(await client.ask({ type: 'subscribe', channel: 'feed:*' })).toMatchObject({ channel: 'feed:a' });
      await client.expectNone('subscribed');
      for (const frame of [
        { type: 'subscribe', channel: 'boards:*' },
        { type: 'subscribe', channel: 'feed:b', lastEventId: id },
        { type: 'subscribe', channel: 'feed:b', last: 5 },
        { type: 'presence', channel: 'boards:1:changed' },
        { type: 'history', channel: 'feed:b' },
      ]) {
        expect(await client.ask(frame)).toMatchObject(LIMITED);
      }
      expect((await rest('channels/feed:b/events', token)).status).toBe(403);
      const page = (await (await rest('channels/feed:a/events', token)).json()) as FrameOf<'history'>;
      expect(page.events.map((event) => event.id)).toContain(kept.id);
    });

    it('applies to channels named at connect, and to the ticket of a limited token', async () => {
      const answer = await rest('tickets', signToken({ [LIMIT]: ['feed:a'] }), 'POST');
      const { ticket } = (await answer.json()) as { ticket: string };
      const client = opened(await connect(`${there.url}?ticket=${ticket}&channels=feed:a,feed:b`));
      expect(await client.next('connected')).toMatchObject({ limitedTo: ['feed:a'] });
      expect(await client.next('subscribed')).toMatchObject({ channel: 'feed:a' });
      expect(await client.next('error')).toMatchObject({ code: 'forbidden', channel: 'feed:b' });
    });

    it('ends what a narrower token does not allow any more, and is reported with it', async () => {
      const client = await enter(['feed:*', 'boards:*'], { sub: 'member' });
      await answersTo(client, 'feed:a', 'feed:b', 'boards:1:changed');
      const narrower = signToken({ sub: 'member', [LIMIT]: ['feed:b'] });
      expect(await client.ask({ type: 'auth', token: narrower })).toMatchObject({
        type: 'authenticated',
        limitedTo: ['feed:b'],
      });
      const ended = [await client.next('unsubscribed'), await client.next('unsubscribed')];
      expect(ended.map(({ channel, reason }) => [channel, reason])).toEqual([
        ['feed:a', 'access_revoked'],
        ['boards:1:changed', 'access_revoked'],
      ]);
      for (const channel of ['feed:a', 'boards:1:changed', 'feed:b']) await here.events.publish(channel, {});
      expect(await client.next('event')).toMatchObject({ channel: 'feed:b' });
      await client.expectNone('event');
      const wider = signToken({ sub: 'member' });
      expect(await client.ask({ type: 'auth', token: wider })).not.toHaveProperty('limitedTo');
      expect(await answersTo(client, 'feed:a')).toEqual(['subscribed']);
    });

    it('is the same from the cache of verified tokens', async () => {
      const token = signToken({ [LIMIT]: ['feed:a'] });
      for (let times = 0; times < 2; times += 1) {
        const client = opened(await there.connect({ token }));
        await client.next('connected');
        expect(await answersTo(client, 'feed:b')).toEqual(['forbidden']);
      }
    });

    it.each<[string, unknown]>([
      ['null', null],
      ['a string', 'feed:a'],
      ['an object', { 'feed:a': ['subscribe'] }],
      ['a number in the list', ['feed:a', 1]],
      ['all channels', ['*']],
      ['a star inside', ['feed:*:x']],
      ['an empty name', ['']],
      ['a space', ['feed: a']],
      ['too many', Array.from({ length: 101 }, (_, index) => `feed:${index}`)],
    ])('that is %s refuses the token with a sentence', async (_what, channels) => {
      const client = opened(await there.connect({ token: signToken({ [LIMIT]: channels }) }));
      expect(await client.next('error')).toMatchObject({
        code: 'token_invalid',
        message: expect.stringMatching(/^The token is limited to invalid channels: realtime_channels must /) as string,
      });
      expect(await client.closed).toEqual(NO_TOKEN);
    });

    it('that is an empty list allows no channel', async () => {
      const client = await enter([]);
      expect(await answersTo(client, 'news', 'feed:a')).toEqual(['forbidden', 'forbidden']);
    });

    it('closes the routes and frames for administrators', async () => {
      const token = signToken({ role: 'admin', [LIMIT]: ['feed:a'] });
      const answers = [await rest('connections', token), await rest('events', token, 'POST')];
      expect(answers.map(({ status }) => status)).toEqual([403, 403]);
      expect(await answers[0]!.json()).toMatchObject({ message: expect.stringContaining('without a limit') as string });
      const client = await enter(['feed:a'], { role: 'admin' });
      expect(await client.ask({ type: 'stats' })).toMatchObject({ code: 'forbidden' });
    });

    it('is part of the access check of operators, and of the details of a connection', async () => {
      const admin = signToken({ role: 'admin' });
      const check = (limit: string): Promise<Response> => rest(`explain?user=u1&channel=feed:a&limit=${limit}`, admin);
      expect(await (await check('feed:b,boards:*')).json()).toMatchObject({
        allowed: false,
        reason: 'The token is limited to other channels',
      });
      expect(await (await check('feed:*')).json()).toMatchObject({ allowed: true });
      expect((await check('*')).status).toBe(400);
      const client = opened(await there.connect({ token: signToken({ [LIMIT]: ['feed:a'] }) }));
      const { connectionId } = await client.next('connected');
      expect(await (await rest(`connections/${connectionId}`, admin)).json()).toMatchObject({
        userId: 'u1',
        limitedTo: ['feed:a'],
      });
    });
  });

  describe('a share link', () => {
    const issue = async (channels: readonly string[], name = 'link', ttlMs = 60_000): Promise<string> =>
      (await tickets.issue({ channels, ttlMs, name })).ticket;
    const visit = async (ticket: string): Promise<WsClient> => opened(await connect(`${there.url}?ticket=${ticket}`));
    const guest = async (channels: readonly string[], name?: string): Promise<WsClient> => {
      const client = await visit(await issue(channels, name));
      await client.next('connected');
      return client;
    };

    it('connects any number of guests without an account, and more than one user can', async () => {
      const ticket = await issue(['feed:a', 'boards:7:*']);
      const guests = await Promise.all(Array.from({ length: 6 }, () => visit(ticket)));
      for (const client of guests) {
        expect(await client.next('connected')).toMatchObject({
          ...{ user: null, guest: true, authorizedChannels: ['feed:a'], limitedTo: ['feed:a', 'boards:7:*'] },
          expiresAt: expect.any(String) as string,
        });
      }
      expect(JSON.stringify(guests.map(({ frames }) => frames))).not.toContain('"link"');
    });

    it('gives exactly its channels: events, a resume, a rewind, pages and presence', async () => {
      const client = await guest(['boards:7:*', 'feed:a']);
      expect(await answersTo(client, 'boards:7:changed', 'boards:8:changed', 'news', 'feed:b', 'nothing')).toEqual([
        ...['subscribed', 'forbidden', 'forbidden', 'forbidden', 'forbidden'],
      ]);
      const first = await here.events.publish('boards:7:changed', { n: 1 });
      expect(await client.next('event')).toMatchObject({ id: first.id });
      const second = await here.events.publish('boards:7:changed', { n: 2 });
      await client.next('event');
      const channel = 'boards:7:changed';
      expect(await client.ask({ type: 'presence', channel })).toMatchObject({ members: [], count: 1 });
      expect(await client.ask({ type: 'history', channel, limit: 1 })).toMatchObject({ events: [{ id: second.id }] });
      const resuming = await guest(['boards:7:changed']);
      const from = { type: 'subscribe', channel, lastEventId: first.id };
      expect(await resuming.ask(from)).toMatchObject({ recovered: true });
      expect(await resuming.next('event')).toMatchObject({ id: second.id });
      const rewinding = await guest(['boards:7:changed']);
      expect(await rewinding.ask({ type: 'subscribe', channel, last: 1 })).toMatchObject({ rewound: 1 });
      expect(await rewinding.ask({ type: 'subscribe', channel: 'boards:*' })).toMatchObject({ code: 'forbidden' });
    });

    it('is a token for clients that send one, and for REST', async () => {
      const ticket = await issue(['feed:a']);
      expect(await greeted(await there.connect({ token: ticket }))).toMatchObject({ guest: true });
      const { id } = await here.events.publish('feed:a', {});
      const page = (await (await rest('channels/feed:a/events', ticket)).json()) as FrameOf<'history'>;
      expect(page.events.at(-1)).toMatchObject({ id });
      expect((await rest('channels/feed:b/events', ticket)).status).toBe(403);
      const answers = [await rest('tickets', ticket, 'POST'), await rest('connections', ticket)];
      expect([...answers, await rest('events', ticket, 'POST')].map(({ status }) => status)).toEqual([401, 401, 401]);
    });

    it('is not a user for code of the application', async () => {
      const ticket = await issue(['feed:a']);
      const auth = there.app.get(AuthService);
      const request = { url: `/?ticket=${ticket}`, headers: {} };
      await expect(auth.verify(ticket)).rejects.toMatchObject({ code: 'token_invalid' });
      await expect(auth.identify(request)).rejects.toMatchObject({ code: 'token_invalid' });
      const client = await guest(['feed:a']);
      expect(await client.ask({ type: 'say' })).toMatchObject({ code: 'forbidden' });
      const anonymous = opened(await there.connect());
      await anonymous.next('connected');
      expect(await anonymous.ask({ type: 'say' })).toMatchObject({ type: 'say' });
    });

    it('asks the policy of a channel, which sees a principal with the mark of a guest and without a user', async () => {
      const client = await guest(['boards:*'], 'to the board');
      expect(await answersTo(client, 'boards:7:changed', 'boards:private:changed')).toEqual([
        ...['subscribed', 'forbidden'],
      ]);
      expect(asked[0]).toMatchObject({
        ...{ guest: 'to the board', channels: ['boards:*'], roles: [], isAdmin: false },
        user: { userId: '', email: null, role: 'guest' },
      });
    });

    it('gives no channel that needs a user or a role', async () => {
      for (const channel of ['sales', 'orders:{id}', 'orders:42', 'user:*', 'user:ann']) {
        await expect(issue([channel])).rejects.toThrow(`channels: ${channel} needs a user`);
      }
    });

    it('shows its guests to others without a name, and to operators with one', async () => {
      const member = opened(await there.connectAs({ sub: 'member' }));
      const channel = 'boards:7:changed';
      await member.ask({ type: 'subscribe', channel, presence: true });
      const client = await visit(await issue([channel], 'to the press'));
      const { connectionId } = await client.next('connected');
      await client.ask({ type: 'subscribe', channel });
      await until(() => there.registry.subscribersOf(channel).size === 2);
      expect(await member.ask({ type: 'presence', channel })).toMatchObject({
        members: [{ userId: 'member', connections: 1 }],
      });
      expect(JSON.stringify(member.frames)).not.toContain('press');
      const connected = trail.entries.find(
        (entry) => entry.event === 'connected' && entry.connectionId === connectionId,
      );
      expect(connected).toMatchObject({ guest: 'to the press', userId: null, role: null });
      const admin = signToken({ role: 'admin' });
      const list = (await (await rest('connections?search=the+press', admin)).json()) as {
        connections: object[];
      };
      expect(list.connections).toMatchObject([{ id: connectionId, guest: 'to the press', userId: null, role: null }]);
    });

    it('ends with all its connections when it is revoked by its name, on all instances', async () => {
      const [first, again] = [await issue(['feed:a'], 'gone'), await issue(['feed:b'], 'gone')];
      const other = await guest(['feed:a'], 'stays');
      const mine = opened(await connect(`${here.url}?ticket=${first}`));
      const open = [await visit(first), await visit(again), mine];
      for (const client of open) await client.next('connected');
      const { connections, missing } = await tickets.revoke('gone');
      expect([connections, missing]).toEqual([3, []]);
      expect(await Promise.all(open.map((client) => client.closed))).toEqual([REVOKED, REVOKED, REVOKED]);
      for (const ticket of [first, again]) {
        expect(await (await visit(ticket)).next()).toMatchObject({ type: 'error', code: 'token_invalid' });
      }
      await other.fence();
      const renewed = await visit(await issue(['feed:a'], 'gone'));
      await renewed.next('connected');
      await here.app.get(RealtimeControl).revokeUser('gone');
      await renewed.fence();
    });

    it('ends with revokeAll, and can be issued again at once', async () => {
      const client = await guest(['feed:a'], 'all');
      await here.app.get(RealtimeControl).revokeAll();
      expect(await client.closed).toMatchObject({ code: 4401 });
      const again = await visit(await issue(['feed:a'], 'all'));
      await again.next('connected');
    });

    it('ends at its time, with its connections', async () => {
      const ticket = await issue(['feed:a'], 'short', 1_000);
      const client = await visit(ticket);
      await client.next('connected');
      expect(await client.next('error')).toMatchObject({ code: 'token_expired' });
      expect((await client.closed).code).toBe(4401);
      expect(await (await visit(ticket)).next()).toMatchObject({ type: 'error' });
    });

    it.each<[string, object, string]>([
      ['no channels', { channels: [] }, 'channels is empty'],
      ['channels that are not a list', { channels: 'feed:a' }, 'channels must be a list'],
      ['a channel with an invalid name', { channels: ['feed a'] }, 'channels must contain channels such as'],
      ['an unknown channel', { channels: ['feed:c'] }, 'channels: feed:c is not a registered channel'],
      ['a pattern without a channel', { channels: ['shop:*'] }, 'channels: shop:* matches no registered channel'],
      ['too short a time', { ttlMs: 999 }, 'ttlMs is 999'],
      ['a time longer than revocations are kept', { ttlMs: 3_600_001 }, 'ttlMs is 3600001'],
      ['a time that is not a number', { ttlMs: Infinity }, 'ttlMs is Infinity'],
      ['no name', { name: '' }, 'name must be a string of 1 to 200 characters'],
      ['too long a name', { name: 'x'.repeat(201) }, 'name must be'],
      ['a name that is not Unicode', { name: '\ud800' }, 'name must be'],
      ['a tenant without tenants', { tenant: 'acme' }, 'tenant must not be given'],
    ])('is not issued for %s', async (_what, wrong, message) => {
      const good = { channels: ['feed:a'], ttlMs: 60_000, name: 'n' };
      await expect(tickets.issue({ ...good, ...wrong })).rejects.toThrow(message);
    });

    it.each(['guest-', `guest-${'A'.repeat(43)}`, `guest-${'A'.repeat(42)}*`, 'guest-*'])(
      'that was not issued is not valid: %s',
      async (ticket) => {
        expect(await (await visit(ticket)).next()).toMatchObject({ code: 'token_invalid' });
      },
    );
  });
});
