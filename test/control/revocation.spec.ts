import { Redis } from 'ioredis';
import {
  AuthService,
  RealtimeClock,
  RealtimeControl,
  RealtimeUnavailableError,
  RedisBridge,
} from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { errorOf } from '../realtime/support/shapes.js';
import { secondsFromNow, signToken, type TestClaims } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';
import type { WsClient } from '../support/ws-client.js';

const REVOKED = { code: 4403, reason: 'access was revoked' };

const controlOf = ({ app }: RealtimeApp): RealtimeControl => app.get(RealtimeControl);
const isUp = ({ app }: RealtimeApp): boolean => app.get(RedisBridge).status.up;

/** Returns the first frame for a client with this token. */
async function firstFrame(app: RealtimeApp, token: string): Promise<object> {
  const client = await app.connect({ header: `Bearer ${token}` });
  const frame = await client.next();
  client.terminate();
  return frame;
}

async function connectWith(app: RealtimeApp, token: string): Promise<WsClient> {
  const client = await app.connect({ header: `Bearer ${token}` });
  await client.next('connected');
  return client;
}

/** Returns a token issued after all revocations of this test. */
/** A token that counts as newer than a revocation before: from the next millisecond on. */
function newer(claims: TestClaims): string {
  nextMillisecond();
  return signToken({ iat: secondsFromNow(5), ...claims });
}

function nextMillisecond(): void {
  for (const now = Date.now(); Date.now() === now;);
}

describe.each(['memory', 'Redis'])('revocation over %s', (engine) => {
  let redis: RedisProcess | null = null;
  let here: RealtimeApp;
  let there: RealtimeApp;
  let control: RealtimeControl;

  beforeAll(async () => {
    if (engine === 'Redis') redis = await RedisProcess.start();
    const options = redis === null ? {} : { redis: { url: redis.url } };
    here = await RealtimeApp.start(options);
    there = redis === null ? here : await RealtimeApp.start(options);
    control = controlOf(here);
    await until(() => isUp(here) && isUp(there));
  });
  afterAll(async () => {
    await here.close();
    if (there !== here) await there.close();
    await redis?.stop();
  });

  it('of a user closes its connections on all instances and rejects its tokens, but not newer ones', async () => {
    const token = signToken({ sub: 'ann' });
    const own = [await connectWith(here, token), await connectWith(there, token)];
    const other = await there.connectAs({ sub: 'bob' });
    await control.revokeUser('ann');
    expect(await Promise.all(own.map(({ closed }) => closed))).toEqual([REVOKED, REVOKED]);
    for (const app of [here, there]) {
      expect(await firstFrame(app, token)).toEqual(errorOf('token_invalid'));
      expect(await firstFrame(app, newer({ sub: 'ann' }))).toMatchObject({ type: 'connected' });
      expect(await firstFrame(app, signToken({ sub: 'anna' }))).toMatchObject({ type: 'connected' });
    }
    await other.fence();
    await other.close();
  });

  it.each<[string, () => number]>([
    ['lies an hour ahead', () => secondsFromNow(3_600)],
    ['lies ahead by less than the clock tolerance', () => secondsFromNow(1)],
    ['is in milliseconds', () => Date.now()],
    ['is in milliseconds and lies ahead', () => Date.now() + 86_400_000],
  ])('of a user covers an open connection whose iat %s, and later uses of its token', async (kind, iat) => {
    const [issuedAt, sub] = [iat(), `ivy ${kind}`];
    const token = signToken({ sub, iat: issuedAt });
    const ended = await connectWith(there, token);
    await control.revokeUser(sub);
    expect(await ended.closed).toEqual(REVOKED);
    const isSoon = issuedAt < secondsFromNow(10);
    if (isSoon) await until(() => Date.now() > issuedAt * 1_000 + 100);
    for (const app of [there, here]) expect(await firstFrame(app, token)).toEqual(errorOf('token_invalid'));
  });

  it('of a user covers later uses of a token whose iat proves nothing, but no newer token', async () => {
    const [ahead, inMilliseconds] = [secondsFromNow(3_600), Date.now()].map((iat) => signToken({ sub: 'joe', iat }));
    await until(() => Date.now() > JSON.parse(atob(inMilliseconds!.split('.')[1]!)).iat);
    await control.revokeUser('joe');
    for (const token of [ahead!, inMilliseconds!])
      expect(await firstFrame(there, token)).toEqual(errorOf('token_invalid'));
    for (const iat of [secondsFromNow(1), Date.now() + 1]) {
      expect(await firstFrame(there, newer({ sub: 'joe', iat }))).toMatchObject({ type: 'connected' });
    }
  });

  it('of a session covers only that session', async () => {
    const [one, two] = [signToken({ sub: 'cat', jti: 'one' }), signToken({ sub: 'cat', jti: 'two' })];
    const [ended, kept] = [await connectWith(there, one), await connectWith(there, two)];
    await control.revokeSession('one');
    expect(await ended.closed).toEqual(REVOKED);
    expect(await firstFrame(there, one)).toEqual(errorOf('token_invalid'));
    expect(await firstFrame(here, newer({ sub: 'cat', jti: 'one' }))).toEqual(errorOf('token_invalid'));
    await kept.fence();
    await kept.close();
  });

  it('of a session is dropped when its token has expired', async () => {
    const app = await RealtimeApp.start(redis === null ? {} : { redis: { url: redis.url } });
    await until(() => isUp(app));
    await controlOf(app).revokeSession('brief', { until: Date.now() + 20_000 });
    const token = signToken({ sub: 'dot', jti: 'brief' });
    expect(await firstFrame(app, token)).toEqual(errorOf('token_invalid'));
    app.app.get(RealtimeClock).advance(20_001);
    expect(await firstFrame(app, token)).toMatchObject({ type: 'connected' });
    await app.close();
  });

  it('is rejected with a time in seconds, which would revoke nothing', async () => {
    const exp = Math.floor(Date.now() / 1_000) + 3_600;
    expect(() => control.revokeSession('seconds', { until: exp })).toThrow('not seconds');
    expect(() => control.revokeUser('dot', { issuedBefore: new Date(exp) })).toThrow('not seconds');
    expect(() => control.revokeAll({ issuedBefore: exp })).toThrow('not seconds');
  });

  it('of a connection covers its token, with or without a jti, on any instance', async () => {
    for (const jti of ['three', undefined]) {
      const token = signToken({ sub: 'eve', jti, salt: String(jti) });
      const [ended, kept] = [await connectWith(there, token), await there.connectAs({ sub: 'eve', jti: 'four' })];
      const { connectionId } = ended.frames[0] as unknown as { connectionId: string };
      await control.revokeConnection(connectionId);
      expect(await ended.closed).toEqual(REVOKED);
      for (const app of [here, there]) expect(await firstFrame(app, token)).toEqual(errorOf('token_invalid'));
      await kept.fence();
      await kept.close();
    }
    await control.revokeConnection('unknown');
  });

  it('of a connection without a token closes it, on any instance', async () => {
    const [ended, kept] = [await there.connect(), await there.connect()];
    const [{ connectionId }] = (await Promise.all([ended.next('connected'), kept.next('connected')])) as [
      { connectionId: string },
      unknown,
    ];
    expect(await control.revokeConnection(connectionId)).toMatchObject({ connections: 1, missing: [] });
    expect(await ended.closed).toEqual(REVOKED);
    expect(await control.revokeConnection(connectionId)).toMatchObject({ connections: 0 });
    await kept.fence();
    await kept.close();
  });

  it('also applies to auth on an open connection and to REST', async () => {
    const token = signToken({ sub: 'fay', role: 'admin', jti: 'five' });
    const client = await connectWith(there, signToken({ sub: 'fay', role: 'admin', jti: 'six' }));
    await control.revokeSession('five');
    expect(await client.ask({ type: 'auth', token })).toMatchObject({ code: 'token_invalid' });
    const publish = (bearer: string): Promise<Response> =>
      fetch(`${there.http}/realtime/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
        body: '{"channel":"apps:created","data":{"id":"1","name":"n"}}',
      });
    expect((await publish(token)).status).toBe(401);
    expect((await publish(signToken({ sub: 'fay', role: 'admin', jti: 'six' }))).status).toBe(201);
    await client.close();
  });

  it('is final once acknowledged: under a stream of events, nothing is delivered afterwards', async () => {
    const client = await connectWith(there, signToken({ sub: 'gus' }));
    await client.ask({ type: 'subscribe', channel: 'apps:created' });
    let sent = 0;
    let streaming = true;
    const stream = (async () => {
      while (streaming) {
        await here.events.emit('apps:created', { id: String((sent += 1)), name: 'n' });
        await new Promise<void>((resolve) => void setImmediate(resolve)); // lets other callbacks run
      }
    })();
    await client.next('event');
    await control.revokeUser('gus');
    const acknowledgedAt = sent;
    // Later events were emitted after the acknowledgement.
    await until(() => sent > acknowledgedAt + 50);
    streaming = false;
    await stream;
    expect(await client.closed).toEqual(REVOKED);
    const seen = client.frames.flatMap((frame) =>
      frame.type === 'event' ? [Number((frame.data as { id: string }).id)] : [],
    );
    expect(seen.length).toBeGreaterThan(0);
    // One emit was in progress during the acknowledgement.
    expect(Math.max(...seen)).toBeLessThanOrEqual(acknowledgedAt);
  });

  it('also applies between the check of a token and the registration of its connection', async () => {
    const auth = there.app.get(AuthService);
    const identify = auth.identifyClient.bind(auth);
    auth.identifyClient = async (request) => {
      const principal = await identify(request);
      if (principal?.user.userId === 'hal') await control.revokeUser('hal');
      return principal;
    };
    try {
      expect(await firstFrame(there, signToken({ sub: 'hal' }))).toEqual(errorOf('token_invalid'));
      expect(there.registry.ofUser('hal').size).toBe(0);
    } finally {
      auth.identifyClient = identify;
    }
  });

  it.each<[string, (control: RealtimeControl) => Promise<unknown>]>([
    ['an empty user id', (to) => to.revokeUser('')],
    ['an empty jti', (to) => to.revokeSession('')],
    ['an invalid date', (to) => to.revokeAll({ issuedBefore: new Date('nonsense') })],
  ])('of %s is rejected with a clear error', async (_what, revoke) => {
    await expect((async () => revoke(control))()).rejects.toThrow(TypeError);
  });

  it('of all tokens issued until now tells clients to get a new one, and keeps connections without a token', async () => {
    const token = signToken({ sub: 'ida' });
    const clients = [await connectWith(here, token), await there.connectAdmin()];
    // Its connection is older than the revocation, so its token is too, with any iat.
    clients.push(await connectWith(there, newer({ sub: 'ida' })));
    const anonymous = await there.connect();
    await control.revokeAll();
    for (const client of clients) {
      expect(await client.next('error')).toMatchObject({ code: 'token_invalid' });
      expect(await client.closed).toEqual({ code: 4401, reason: 'no valid token' });
    }
    for (const app of [here, there]) {
      expect(await firstFrame(app, token)).toEqual(errorOf('token_invalid'));
      expect(await firstFrame(app, newer({ sub: 'ida', jti: 'after' }))).toMatchObject({ type: 'connected' });
    }
    await anonymous.fence();
    await anonymous.close();
  });
});

describe('revocation and Redis', () => {
  let redis: RedisProcess;
  let here: RealtimeApp;
  const options = (): object => ({ redis: { url: redis.url } });

  beforeEach(async () => {
    redis = await RedisProcess.start();
    here = await RealtimeApp.start(options());
    await until(() => isUp(here));
  });
  afterEach(async () => {
    await here.close();
    await redis.stop();
  });

  it('is known to an instance that starts later, from its first connection on', async () => {
    const token = signToken({ sub: 'ann' });
    await controlOf(here).revokeUser('ann');
    const later = await RealtimeApp.start(options());
    expect(await firstFrame(later, token)).toEqual(errorOf('token_invalid'));
    await later.close();
  });

  it('made while Redis is unavailable applies locally and rejects; once Redis is back, it is stored and reaches other instances', async () => {
    const there = await RealtimeApp.start(options());
    await until(() => isUp(there));
    const [old, young] = [signToken({ sub: 'ann' }), signToken({ sub: 'bob' })];
    await controlOf(there).revokeUser('ann');
    const client = await connectWith(there, young);
    await redis.kill();
    await until(() => !isUp(here) && !isUp(there));
    for (const app of [here, there]) expect(await firstFrame(app, old)).toEqual(errorOf('token_invalid'));
    await expect(controlOf(here).revokeUser('bob')).rejects.toThrow(RealtimeUnavailableError);
    expect(await firstFrame(here, young)).toEqual(errorOf('token_invalid'));
    await client.ask({ type: 'ping' }); // cannot be known there yet
    await redis.restart();
    expect(await client.closed).toEqual(REVOKED);
    const later = await RealtimeApp.start(options());
    await until(() => isUp(later));
    for (const token of [old, young]) expect(await firstFrame(later, token)).toEqual(errorOf('token_invalid'));
    await later.close();
    await there.close();
  });

  it('is not delayed for long by an instance that does not confirm, and the log reports it', async () => {
    const deaf = new Redis(redis.url);
    await deaf.subscribe('rt:c:{$ctl}');
    const token = signToken({ sub: 'ann' });
    await controlOf(here).revokeUser('ann');
    expect(here.log.lines.join('\n')).toContain(
      'Instances that did not confirm the control command revoke within 2000 ms: (unknown)',
    );
    expect(await firstFrame(here, token)).toEqual(errorOf('token_invalid'));
    deaf.disconnect();
  });

  it('skips foreign entries in the log of commands, and executes the next command', async () => {
    const stranger = new Redis(redis.url);
    const client = await here.connectAs({ sub: 'ann' });
    const orders = [null, 5, {}, { do: 'revoke' }, { do: 'revoke', revocation: { kind: 'all' } }, { do: 'toString' }];
    for (const [index, order] of [...orders, { do: 'disconnect_user', userId: { toString: 1 } }].entries()) {
      const body = JSON.stringify({ from: 'x', id: `i${index}`, at: Date.now(), message: order });
      await stranger.publish('rt:c:{$ctl}', `- 0 0000000000000000.${index} ${body}`);
    }
    await controlOf(here).disconnectUser('ann');
    expect(await client.closed).toEqual(REVOKED);
    stranger.disconnect();
  });
});
