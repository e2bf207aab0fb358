import { Injectable } from '@nestjs/common';
import {
  ChannelPolicy,
  PresenceService,
  RealtimeControl,
  RedisBridge,
  type CanSubscribe,
  type ChannelAnswer,
  type ChannelContext,
} from '../../src/realtime/index.js';
import type { PresenceMember, ServerFrame } from '../../src/protocol/frames.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { errorOf, stamped } from '../realtime/support/shapes.js';
import { signToken } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';
import type { WsClient } from '../support/ws-client.js';
import { enter, enterAndWatch } from './support/presence-app.js';

type Diff = Extract<ServerFrame, { type: 'presence_diff' }>;

/** The profiles of the application: info by user id. */
const profiles = new Map<string, unknown>();

@Injectable()
@ChannelPolicy('boards:*')
class BoardPolicy implements CanSubscribe {
  canSubscribe({ principal }: ChannelContext): ChannelAnswer {
    if (principal === null) return true;
    return { allowed: true, info: profiles.get(principal.user.userId) };
  }
}

const CHANNELS = [
  { name: 'boards:{id}', presence: { state: true } },
  { name: 'halls:{id}', access: 'public', presence: { state: true } },
  { name: 'rooms:lobby', access: 'authenticated', presence: true },
] as const;

describe.each(['memory', 'Redis'])('presence with info and state over %s', (engine) => {
  let redis: RedisProcess | null = null;
  let here: RealtimeApp;
  /** Another instance, if there is one. */
  let there: RealtimeApp;
  const clients: WsClient[] = [];
  let boards = 0;
  let board: string;

  beforeAll(async () => {
    if (engine === 'Redis') redis = await RedisProcess.start();
    const options = {
      ...{ channels: [...CHANNELS], presenceGraceMs: 0, maxBufferedBytes: 1_048_576 },
      ...(redis !== null && { redis: { url: redis.url } }),
    };
    const boot = { providers: [BoardPolicy] };
    here = await RealtimeApp.start(options, boot);
    there = redis === null ? here : await RealtimeApp.start(options, boot);
    await until(() => [here, there].every(({ app }) => app.get(RedisBridge).status.up));
  });
  beforeEach(() => {
    boards += 1;
    board = `boards:b${boards}`;
    profiles.clear();
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });
  afterAll(async () => {
    await here.close();
    if (there !== here) await there.close();
    await redis?.stop();
  });

  const as = async (sub: string, where = here): Promise<WsClient> => {
    const client = await where.connectAs({ sub });
    clients.push(client);
    return client;
  };
  const update = (client: WsClient, state: unknown, about: object = {}) =>
    client.ask({ type: 'presence_update', channel: board, state, ...about });
  const updated = async (client: WsClient, state: unknown, about: object = {}): Promise<void> => {
    expect(await update(client, state, about)).toMatchObject({ type: 'presence_updated', channel: board });
  };
  /** Takes changes until one of this user fits. */
  const seen = async (
    client: WsClient,
    userId: string,
    fits: (member: PresenceMember) => boolean = () => true,
  ): Promise<PresenceMember> => {
    const of = ({ joined, updated: changed = [] }: Diff) =>
      [...joined, ...changed].find((member) => member.userId === userId && fits(member));
    return of(await client.next('presence_diff', (diff) => of(diff) !== undefined))!;
  };
  /** Takes the first frame that names this user: the list, or a change after a list of before. */
  const firstNaming = async (client: WsClient, userId: string): Promise<PresenceMember> => {
    const of = (frame: ServerFrame) => {
      const members = frame.type === 'presence' ? frame.members : frame.type === 'presence_diff' ? frame.joined : [];
      return members.find((member) => member.userId === userId);
    };
    return of(await client.next(undefined, (frame) => of(frame) !== undefined))!;
  };
  const stateOf = (client: WsClient, userId: string, state: unknown) =>
    seen(client, userId, (member) => JSON.stringify(member.state) === JSON.stringify(state));

  it('shows the info of a policy in the first frame that names a member', async () => {
    profiles.set('ann', { name: 'Ann', avatar: '/a.png' });
    const watcher = await as('w');
    expect(await enterAndWatch(watcher, board)).toMatchObject({ members: [{ userId: 'w', connections: 1 }] });
    const ann = await as('ann', there);
    await ann.ask({ type: 'subscribe', channel: board, presence: true });
    const member = { userId: 'ann', connections: 1, info: { name: 'Ann', avatar: '/a.png' } };
    for (const client of [ann, watcher]) expect(await firstNaming(client, 'ann')).toEqual(member);
    const withoutInfo = watcher.frames.filter(
      (frame) => frame.type === 'presence_diff' && frame.joined.some(({ userId, info }) => userId === 'ann' && !info),
    );
    expect(withoutInfo).toEqual([]);
    expect(await watcher.ask({ type: 'presence', channel: board })).toMatchObject({
      members: expect.arrayContaining([member]) as unknown,
      count: 2,
    });
    expect((await here.app.get(PresenceService).list(board)).members).toContainEqual(member);
  });

  it('shows a state to watchers on all instances, then its changes, and its removal', async () => {
    profiles.set('ann', 'Ann');
    const [ann, watcher] = [await as('ann'), await as('w', there)];
    await enter(ann, board);
    await enterAndWatch(watcher, board);
    expect(await update(ann, { typing: true, at: [1, null, 'é'] })).toEqual(
      stamped({ type: 'presence_updated', channel: board, intervalMs: expect.any(Number), ref: 'ask-2' }),
    );
    expect(await stateOf(watcher, 'ann', { typing: true, at: [1, null, 'é'] })).toEqual({
      ...{ userId: 'ann', connections: 1, info: 'Ann' },
      state: { typing: true, at: [1, null, 'é'] },
    });
    const late = await as('late', there);
    await late.ask({ type: 'subscribe', channel: board, presence: true });
    expect(await firstNaming(late, 'ann')).toMatchObject({ state: { typing: true, at: [1, null, 'é'] } });
    await updated(ann, false);
    await stateOf(watcher, 'ann', false);
    await updated(ann, null);
    expect(await stateOf(watcher, 'ann', undefined)).toEqual({ userId: 'ann', connections: 1, info: 'Ann' });
  });

  it('sends only the last of many states that are set within an interval', async () => {
    const [ann, watcher] = [await as('ann'), await as('w', there)];
    await enter(ann, board);
    await enterAndWatch(watcher, board);
    await Promise.all(Array.from({ length: 30 }, (_, index) => updated(ann, index + 1)));
    await stateOf(watcher, 'ann', 30);
    const states = watcher.frames.flatMap((frame) =>
      frame.type === 'presence_diff' ? (frame.updated ?? []).map(({ state }) => state) : [],
    );
    expect(states.length).toBeLessThan(15);
    expect(states).toEqual((states as number[]).toSorted((a, b) => a - b));
  });

  it('combines the connections of a user: the state that was set last counts, after its end the one before', async () => {
    const [first, second, watcher] = [await as('ann'), await as('ann', there), await as('w', there)];
    await enterAndWatch(watcher, board);
    await enter(first, board);
    await enter(second, board);
    await updated(first, 'first');
    await stateOf(watcher, 'ann', 'first');
    await updated(second, 'second');
    await stateOf(watcher, 'ann', 'second');
    await second.ask({ type: 'unsubscribe', channel: board });
    await stateOf(watcher, 'ann', 'first');
    await first.close();
    const isGone = ({ left }: Diff): boolean => left.some(({ userId }) => userId === 'ann');
    expect(await watcher.next('presence_diff', isGone)).toMatchObject({ joined: [] });
  });

  it('does not let a state that is sent again after a break replace one that was set later', async () => {
    const [first, second, watcher] = [await as('ann'), await as('ann', there), await as('w')];
    await enterAndWatch(watcher, board);
    await enter(first, board);
    await enter(second, board);
    await updated(second, 'new', { ageMs: 1_000 });
    await stateOf(watcher, 'ann', 'new');
    await updated(first, 'old', { ageMs: 60_000 });
    await updated(watcher, 'after');
    await stateOf(watcher, 'w', 'after');
    await second.close();
    expect(await stateOf(watcher, 'ann', 'old')).toMatchObject({ connections: 1 });
  });

  it('ends the state with the connection, and keeps the info during the grace period', async () => {
    const graceful = await RealtimeApp.start(
      { channels: [...CHANNELS], presenceGraceMs: 60_000 },
      { providers: [BoardPolicy] },
    );
    profiles.set('ann', { name: 'Ann' });
    const [page, watcher] = [await as('ann', graceful), await as('w', graceful)];
    await enter(page, board);
    await updated(page, 'cursor');
    await enterAndWatch(watcher, board);
    page.terminate();
    expect(await stateOf(watcher, 'ann', undefined)).toMatchObject({ info: { name: 'Ann' } });
    const again = await as('ann', graceful);
    await enter(again, board);
    await updated(again, 'back');
    expect(await stateOf(watcher, 'ann', 'back')).toMatchObject({ info: { name: 'Ann' }, connections: 1 });
    await graceful.close();
  });

  it('reports info that a re-authorization changed', async () => {
    profiles.set('ann', { name: 'Ann' });
    const [ann, watcher] = [await as('ann', there), await as('w')];
    await enter(ann, board);
    await enterAndWatch(watcher, board);
    profiles.set('ann', { name: 'Anna' });
    await here.app.get(RealtimeControl).reauthorizeUser('ann');
    expect(await seen(watcher, 'ann')).toMatchObject({ info: { name: 'Anna' } });
    profiles.delete('ann');
    await ann.ask({ type: 'auth', token: signToken({ sub: 'ann' }) });
    expect(await seen(watcher, 'ann')).toEqual({ userId: 'ann', connections: 1 });
  });

  it.each([
    ['too large', { text: 'ü'.repeat(600) }],
    ['circular', circular()],
    ['a function', () => undefined],
  ])('grants access without info if the info is %s', async (_how, info) => {
    profiles.set('ann', info);
    const ann = await as('ann');
    expect((await enterAndWatch(ann, board)).members).toEqual([{ userId: 'ann', connections: 1 }]);
  });

  it('removes prototypes from info and state', async () => {
    profiles.set('ann', JSON.parse('{"name":"Ann","__proto__":{"admin":true}}'));
    const ann = await as('ann');
    await enter(ann, board);
    ann.send(`{"type":"presence_update","channel":"${board}","state":{"a":1,"\\u005f_proto__":{"b":2}}}`);
    await ann.next('presence_updated');
    const list = await enterAndWatch(ann, board);
    expect(JSON.stringify(list.members)).toBe(
      '[{"userId":"ann","connections":1,"info":{"name":"Ann"},"state":{"a":1}}]',
    );
  });

  it.each([
    ['without state', {}, 'state'],
    ['with a state of more than 1,024 bytes', { state: 'ü'.repeat(512) }, 'state'],
    ['with a negative age', { state: 1, ageMs: -1 }, 'ageMs'],
    ['for a wildcard', { state: 1, channel: 'boards:*' }, 'channel'],
  ])('refuses an update %s', async (_how, fields, field) => {
    const ann = await as('ann');
    await enter(ann, board);
    const answer = await ann.ask({ type: 'presence_update', channel: board, ...fields });
    expect(answer).toMatchObject({ code: 'invalid_message', details: [{ field }] });
    await updated(ann, 'ü'.repeat(511));
  });

  it('refuses updates of clients that are not members, and on channels that take none', async () => {
    const [ann, guest] = [await as('ann'), await here.connect()];
    clients.push(guest);
    expect(await update(ann, 1)).toEqual(errorOf('not_subscribed', { channel: board, ref: 'ask-1' }));
    await enter(ann, 'rooms:lobby');
    expect(await ann.ask({ type: 'presence_update', channel: 'rooms:lobby', state: 1 })).toMatchObject({
      ...{ code: 'presence_disabled', channel: 'rooms:lobby', message: 'Members of this channel have no state' },
    });
    const hall = `halls:h${boards}`;
    await enter(guest, hall);
    expect(await guest.ask({ type: 'presence_update', channel: hall, state: 1 })).toMatchObject({
      code: 'auth_required',
    });
    expect(await ann.ask({ type: 'presence', channel: hall })).toMatchObject({ members: [], count: 1 });
  });

  it('refuses updates over the rate of a connection, and states in more than 16 channels', async () => {
    const ann = await as('ann');
    const halls = Array.from({ length: 17 }, (_, index) => `halls:h${boards}-${index}`);
    for (const hall of halls) await enter(ann, hall);
    const ask = (channel: string, state: unknown) => ann.ask({ type: 'presence_update', channel, state });
    for (const hall of halls.slice(0, 16)) expect(await ask(hall, 1)).toMatchObject({ type: 'presence_updated' });
    expect(await ask(halls[16]!, 1)).toMatchObject({ code: 'too_many_subscriptions', channel: halls[16] });
    expect(await ask(halls[0]!, null)).toMatchObject({ type: 'presence_updated' });
    expect(await ask(halls[16]!, 1)).toMatchObject({ type: 'presence_updated' });
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(halls[16]!, 2)));
    expect(answers).toContainEqual(expect.objectContaining({ code: 'rate_limited', channel: halls[16] }));
    expect(ann.frames.at(-1)).toMatchObject({ code: 'rate_limited' });
  });
});

function circular(): object {
  const it: { self?: object } = {};
  it.self = it;
  return it;
}
