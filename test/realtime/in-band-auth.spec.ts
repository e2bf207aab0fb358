import { jest } from '@jest/globals';
import { AuthService, RealtimeClock, RealtimeControl } from '../../src/realtime/index.js';
import { FEATURES } from '../../src/protocol/index.js';
import { secondsFromNow, signToken } from '../support/jwt.js';
import type { WsClient } from '../support/ws-client.js';
import { RealtimeApp } from './support/realtime-app.js';
import { errorOf, stamped, UUID_V4 } from './support/shapes.js';

describe('auth on an open connection', () => {
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start();
  });
  afterAll(() => app.close());

  const anonymous = async (): Promise<WsClient> => {
    const client = await app.connect();
    await client.next('connected');
    return client;
  };

  it('gives an anonymous connection an identity, and keeps its subscriptions', async () => {
    const client = await anonymous();
    await client.ask({ type: 'subscribe', channel: 'announcements' });
    const exp = secondsFromNow(100);
    expect(await client.ask({ type: 'auth', token: signToken({ exp }) })).toEqual(
      stamped({
        type: 'authenticated',
        connectionId: expect.any(String),
        user: { userId: 'u1', email: 'u1@example.com', role: 'user' },
        authorizedChannels: expect.arrayContaining(['announcements', 'apps:created', 'user:u1']),
        expiresAt: new Date(exp * 1000).toISOString(),
        ref: 'ask-2',
      }),
    );
    expect(await client.ask({ type: 'subscribe', channel: 'user:u1' })).toMatchObject({ type: 'subscribed' });
    expect(await client.ask({ type: 'list_channels' })).toMatchObject({ subscribed: ['announcements', 'user:u1'] });
    await app.events.emit('announcements', { message: 'hello' });
    expect(await client.next('event')).toMatchObject({ channel: 'announcements' });
    expect([...app.registry.ofUser('u1')]).toHaveLength(1);
    await client.close();
  });

  it('applies before the next frame, even when both were sent at once', async () => {
    const client = await anonymous();
    client.send({ type: 'subscribe', channel: 'apps:created', ref: 'before' });
    client.send({ type: 'auth', token: signToken() });
    client.send({ type: 'subscribe', channel: 'apps:created', ref: 'after' });
    expect(await client.next('error')).toMatchObject({ code: 'forbidden', ref: 'before' });
    expect(await client.next('subscribed')).toMatchObject({ ref: 'after' });
    await client.close();
  });

  it('renews a token: the connection outlives the first one', async () => {
    const exp = secondsFromNow(20);
    const client = await app.connectAs({ exp });
    expect(await client.ask({ type: 'auth', token: signToken() })).toMatchObject({ type: 'authenticated' });
    const sooner = await app.connectAs({ sub: 'sooner', exp });
    app.app.get(RealtimeClock).advance(21_000);
    await sooner.whenClosed(); // same expiry, not renewed
    await client.fence();
    await client.close();
  });

  it('is forbidden with the token of another user, and changes nothing', async () => {
    const client = await app.connectAs();
    expect(await client.ask({ type: 'auth', token: signToken({ sub: 'u2' }) })).toEqual(
      errorOf('forbidden', { ref: 'ask-1' }),
    );
    expect(await client.ask({ type: 'subscribe', channel: 'user:u1' })).toMatchObject({ type: 'subscribed' });
    expect(await client.ask({ type: 'subscribe', channel: 'user:u2' })).toMatchObject({ code: 'forbidden' });
    await client.close();
  });

  it('gets the error of a bad token, and changes nothing', async () => {
    const client = await app.connectAs();
    expect(await client.ask({ type: 'auth', token: 'rubbish' })).toEqual(errorOf('token_invalid', { ref: 'ask-1' }));
    expect(await client.ask({ type: 'auth', token: signToken({ exp: 1 }) })).toEqual(
      errorOf('token_expired', { ref: 'ask-2' }),
    );
    expect(await client.ask({ type: 'subscribe', channel: 'user:u1' })).toMatchObject({ type: 'subscribed' });
    await client.close();
  });

  it('that is refused for the third time in a row gets its error, then 4401 follows', async () => {
    const client = await app.connectAs();
    const refused = [signToken({ sub: 'u2' }), 'rubbish', signToken({ exp: 1 })];
    for (const token of refused) client.send({ type: 'auth', token });
    expect(await client.whenClosed()).toEqual({ code: 4401, reason: 'no valid token' });
    expect(client.frames.slice(1).map((frame) => 'code' in frame && frame.code)).toEqual([
      'forbidden',
      'token_invalid',
      'token_expired',
    ]);
  });

  it('resets the count if it succeeds; one without a token does not count', async () => {
    const client = await app.connectAs();
    const bad = { type: 'auth', token: 'rubbish' };
    for (const frame of [
      bad,
      bad,
      { type: 'auth', token: signToken() },
      bad,
      { type: 'auth' },
      { type: 'auth' },
      bad,
    ]) {
      await client.ask(frame);
    }
    await client.fence();
    client.send(bad);
    expect(await client.whenClosed()).toMatchObject({ code: 4401 });
  });

  it('rejects a token that is revoked between its check and its use', async () => {
    const client = await anonymous();
    const auth = app.app.get(AuthService);
    const verify = jest.spyOn(auth, 'verifyClient').mockImplementationOnce(async (...args) => {
      verify.mockRestore();
      const principal = await auth.verifyClient(...args);
      await app.app.get(RealtimeControl).revokeSession('raced');
      return principal;
    });
    const answer = await client.ask({ type: 'auth', token: signToken({ sub: 'raced', jti: 'raced' }) });
    expect(answer).toEqual(errorOf('token_invalid', { ref: 'ask-1' }));
    expect([...app.registry.ofUser('raced')]).toEqual([]);
    await client.close();
  });

  it('with fewer permissions ends only the subscriptions that are no longer allowed', async () => {
    const client = await app.connectAdmin();
    client.send({ type: 'subscribe', channels: ['system:health', 'apps:created', 'user:u9', 'user:boss'] });
    await client.fence();
    const answer = await client.ask({ type: 'auth', token: signToken({ sub: 'boss', role: 'user' }) });
    expect(answer).toMatchObject({ type: 'authenticated', user: { role: 'user' } });
    expect('authorizedChannels' in answer && answer.authorizedChannels).not.toContain('system:health');
    const revoked = (channel: string) => stamped({ type: 'unsubscribed', channel, reason: 'access_revoked' });
    expect(await client.next('unsubscribed')).toEqual(revoked('system:health'));
    expect(await client.next('unsubscribed')).toEqual(revoked('user:u9'));
    expect(await client.ask({ type: 'list_channels' })).toMatchObject({ subscribed: ['apps:created', 'user:boss'] });
    await app.events.emit('system:health', { status: 'up' });
    await app.events.emitToUser('boss', 1);
    expect(await client.next('event')).toMatchObject({ channel: 'user:boss' });
    await client.expectNone('event');
    expect(await client.ask({ type: 'subscribe', channel: 'system:health' })).toMatchObject({ code: 'forbidden' });
    await client.close();
  });

  it('with more permissions grants them at once', async () => {
    const client = await app.connectAs();
    await client.ask({ type: 'auth', token: signToken({ role: 'admin' }) });
    expect(await client.ask({ type: 'subscribe', channel: 'system:health' })).toMatchObject({ type: 'subscribed' });
    expect(await client.ask({ type: 'stats' })).toMatchObject({ type: 'stats' });
    await client.close();
  });

  it('ends with token_expired at exp, and 4401', async () => {
    const clock = app.app.get(RealtimeClock);
    const exp = Math.floor(clock.wall() / 1_000) + 20;
    const client = await app.connectAs({ exp });
    const frozen = jest.spyOn(clock, 'wall').mockReturnValue(exp * 1_000 - 1);
    clock.advance(1);
    await client.expectNone('error');
    frozen.mockReturnValue(exp * 1_000);
    clock.advance(1);
    expect(await client.next('error')).toEqual(errorOf('token_expired'));
    frozen.mockRestore();
    expect(await client.whenClosed()).toEqual({ code: 4401, reason: 'no valid token' });
  });

  it('accepts a token whose expiry exceeds the range of Date', async () => {
    const client = await anonymous();
    const { handSigned } = await import('./support/hand-signed.js');
    const answer = await client.ask({ type: 'auth', token: handSigned({ sub: 'u1', exp: 1e300 }) });
    expect(answer).toMatchObject({ type: 'authenticated', expiresAt: '+275760-09-13T00:00:00.000Z' });
    await client.close();
  });
});

describe('with anonymous: false', () => {
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start({ anonymous: false, authTimeoutMs: 1500 });
  });
  afterAll(() => app.close());

  it('a connection without a token receives nothing until it sends auth, and then connected', async () => {
    const client = await app.connect();
    expect(await client.ask({ type: 'auth', token: signToken() })).toEqual(
      stamped({
        type: 'connected',
        connectionId: expect.stringMatching(UUID_V4),
        user: { userId: 'u1', email: 'u1@example.com', role: 'user' },
        authorizedChannels: expect.arrayContaining(['user:u1']),
        expiresAt: expect.any(String),
        heartbeatMs: 30_000,
        features: [...FEATURES],
        ref: 'ask-1',
      }),
    );
    expect(client.frames).toHaveLength(1);
    expect(await client.ask({ type: 'subscribe', channel: 'apps:created' })).toMatchObject({ type: 'subscribed' });
    expect(await client.ask({ type: 'auth', token: signToken() })).toMatchObject({ type: 'authenticated' });
    await client.close();
  });

  it('a token in the upgrade works as usual', async () => {
    const client = await app.connect({ token: signToken() });
    expect(await client.next()).toMatchObject({ type: 'connected', user: { userId: 'u1' } });
    await client.close();
  });

  it.each([
    { type: 'ping' },
    { type: 'subscribe', channel: 'announcements' },
    { type: 'unsubscribe', channel: 'announcements' },
    { type: 'list_channels' },
    { type: 'stats' },
    { type: 'presence', channel: 'announcements' },
    { type: 'rubbish' },
  ])('any other frame gets auth_required: %j', async (frame) => {
    const client = await app.connect();
    expect(await client.ask(frame)).toEqual(errorOf('auth_required', { ref: 'ask-1' }));
    expect(await client.ask({ type: 'auth', token: signToken() })).toMatchObject({ type: 'connected' });
    await client.close();
  });

  it('unparsable JSON is invalid_json, and auth without a token is invalid_message', async () => {
    const client = await app.connect();
    client.send('rubbish');
    expect(await client.next()).toEqual(errorOf('invalid_json'));
    client.send({ type: 'auth' });
    expect(await client.next()).toMatchObject({ code: 'invalid_message' });
    expect(await client.ask({ type: 'auth', token: signToken() })).toMatchObject({ type: 'connected' });
    await client.close();
  });

  it('a bad token can be retried; the third refusal closes with 4401', async () => {
    const lucky = await app.connect();
    expect(await lucky.ask({ type: 'auth', token: 'rubbish' })).toMatchObject({ code: 'token_invalid' });
    expect(await lucky.ask({ type: 'auth', token: signToken({ exp: 1 }) })).toMatchObject({ code: 'token_expired' });
    expect(await lucky.ask({ type: 'auth', token: signToken() })).toMatchObject({ type: 'connected' });
    await lucky.close();

    const client = await app.connect();
    for (let count = 0; count < 3; count += 1) client.send({ type: 'auth', token: 'rubbish' });
    expect(await client.whenClosed()).toMatchObject({ code: 4401 });
    expect(client.frames).toHaveLength(3);
  });

  it('a connection that never sends auth gets auth_required after the timeout, and 4401', async () => {
    const since = performance.now();
    const client = await app.connect();
    client.send({ type: 'ping' });
    await client.next('error');
    expect(await client.next()).toEqual(errorOf('auth_required'));
    expect(performance.now() - since).toBeGreaterThanOrEqual(1400);
    expect(await client.whenClosed()).toEqual({ code: 4401, reason: 'no valid token' });
  });

  it('a bad token in the upgrade gets its error and is closed as usual', async () => {
    const client = await app.connect({ token: 'rubbish' });
    expect(await client.next()).toEqual(errorOf('token_invalid'));
    expect(await client.whenClosed()).toMatchObject({ code: 4401 });
  });
});
