import { Injectable } from '@nestjs/common';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  ChannelPolicy,
  RealtimeAudit,
  RealtimeClock,
  RealtimeControl,
  RealtimeModule,
  type CanSubscribe,
} from '../../src/realtime/index.js';
import { Inspection } from '../../src/realtime/http/inspection/inspection.service.js';
import { AuditModule, type AuditBook } from '../realtime/support/audit-book.js';
import type { RealtimeApp, TestOptions } from '../realtime/support/realtime-app.js';
import { errorOf, stamped } from '../realtime/support/shapes.js';
import { secondsFromNow, signToken } from '../support/jwt.js';
import { until } from '../support/until.js';
import { TRANSPORTS, type Client, type Hello } from './support/transports.js';

declare module '../../src/protocol/events.js' {
  interface RealtimeEvents {
    'rooms:one': { readonly n: number; readonly text?: string };
    'rooms:two': { readonly n: number };
  }
}

/** Decides about the rooms of the tests. */
@Injectable()
class Rooms {
  allowed = true;
}

@ChannelPolicy('rooms:*')
class RoomPolicy implements CanSubscribe {
  constructor(private readonly rooms: Rooms) {}

  canSubscribe(): boolean {
    return this.rooms.allowed;
  }
}

@WebSocketGateway({ path: '/ws' })
class EchoGateway {
  @SubscribeMessage('echo')
  echo(@MessageBody() data: unknown): unknown {
    return { event: 'echoed', data };
  }
}

const OPTIONS: TestOptions = {
  ...{ maxBufferedBytes: 200_000, closeTimeoutMs: 1_000, operatorApi: true, presenceGraceMs: 0 },
};
const BOOT = {
  imports: [RealtimeModule.forFeature([{ name: 'rooms:one', presence: true }, { name: 'rooms:two' }]), AuditModule],
  providers: [Rooms, RoomPolicy, EchoGateway],
};

describe.each(TRANSPORTS)('a connection over $name', (transport) => {
  let app: RealtimeApp;
  beforeAll(async () => {
    app = await transport.start(OPTIONS, BOOT);
  });
  afterAll(() => app.close());
  afterEach(async () => {
    app.app.get(Rooms).allowed = true;
    for (const { transport: open } of app.registry.all()) open.terminate();
    await until(() => app.registry.stats().subscriptions + app.registry.size === 0);
  });

  const open = async (sub: string, hello: Hello = {}): Promise<Client> => {
    const client = await transport.connect(app, { token: signToken({ sub }), ...hello });
    await client.next('connected');
    return client;
  };
  const emit = (n: number) => app.events.emit('rooms:one', { n });
  const numbers = (client: Client): number[] =>
    client.frames.flatMap((frame) => (frame.type === 'event' ? [(frame.data as { n: number }).n] : []));

  it('subscribes, delivers events in order, and ends a subscription', async () => {
    const client = await open('ann');
    expect(await client.ask({ type: 'subscribe', channel: 'rooms:one' })).toMatchObject({ type: 'subscribed' });
    for (const n of [1, 2, 3]) await emit(n);
    await client.next('event', ({ data }) => (data as { n: number }).n === 3);
    expect(await client.ask({ type: 'unsubscribe', channel: 'rooms:one' })).toMatchObject({ type: 'unsubscribed' });
    await emit(4);
    await client.fence();
    expect(numbers(client)).toEqual([1, 2, 3]);
    await client.close();
  });

  it('subscribes to the channels of its URL', async () => {
    const client = await open('ann', { channels: 'rooms:*,user:bob' });
    expect(await client.next()).toMatchObject({ type: 'subscribed', channel: 'rooms:one' });
    expect(await client.next()).toMatchObject({ type: 'subscribed', channel: 'rooms:two' });
    expect(await client.next()).toMatchObject({ type: 'error', code: 'forbidden', channel: 'user:bob' });
    await client.close();
  });

  it('receives public channels without a token', async () => {
    const client = await transport.connect(app, { channels: 'announcements,apps:created' });
    expect(await client.next('connected')).toMatchObject({ user: null });
    expect(await client.next()).toMatchObject({ type: 'subscribed', channel: 'announcements' });
    expect(await client.next()).toMatchObject({ type: 'error', code: 'forbidden' });
    expect(await client.ask({ type: 'auth', token: signToken({ sub: 'late' }) })).toMatchObject({
      type: 'authenticated',
      user: { userId: 'late' },
    });
    await client.close();
  });

  it('answers invalid frames', async () => {
    const client = await open('ann');
    expect(await client.ask({ type: 'nonsense' })).toEqual(errorOf('unknown_type', { ref: 'ask-1' }));
    expect(await client.ask({ type: 'subscribe', channel: 1 })).toMatchObject({ code: 'invalid_message' });
    await client.close();
  });

  it('resumes with what was missed, in order, then continues live', async () => {
    const first = await open('ann', { channels: 'rooms:one' });
    const { id } = await emit(1);
    await first.next('event');
    await first.close();
    for (const n of [2, 3]) await emit(n);
    const second = await open('ann');
    const resumed = await second.ask({ type: 'subscribe', channel: 'rooms:one', lastEventId: id });
    expect(resumed).toMatchObject({ type: 'subscribed', recovered: true, lastEventId: id });
    await emit(4);
    await second.next('event', ({ data }) => (data as { n: number }).n === 4);
    expect(numbers(second)).toEqual([2, 3, 4]);
    expect(await second.ask({ type: 'subscribe', channel: 'rooms:two', lastEventId: 'unknown-1' })).toMatchObject({
      recovered: false,
      reason: 'unknown_epoch',
    });
    await second.close();
  });

  it('is refused with a wrong or expired token, and from an origin that is not allowed', async () => {
    expect(await transport.refusal(app, { token: 'rubbish' })).toBe('token_invalid');
    const expired = signToken({ sub: 'ann', exp: secondsFromNow(-60) });
    expect(await transport.refusal(app, { token: expired })).toBe('token_expired');
    expect(await transport.refusal(app, { token: signToken(), origin: 'https://evil.example' })).toBe('forbidden');
  });

  it('ends with 4403 when its user is revoked, and cannot come back', async () => {
    const client = await open('eve');
    await app.app.get(RealtimeControl).revokeUser('eve');
    expect(await client.whenClosed()).toEqual({ code: 4403, reason: 'access was revoked' });
    const { iat } = { iat: secondsFromNow(-5) };
    expect(await transport.refusal(app, { token: signToken({ sub: 'eve', iat }) })).toBe('token_invalid');
  });

  it('loses a channel when a policy withdraws it', async () => {
    const client = await open('ann', { channels: 'rooms:one' });
    await client.next('subscribed');
    app.app.get(Rooms).allowed = false;
    await app.app.get(RealtimeControl).reauthorizeUser('ann');
    expect(await client.next('unsubscribed')).toMatchObject({ channel: 'rooms:one' });
    await emit(1);
    await client.fence();
    expect(numbers(client)).toEqual([]);
    await client.close();
  });

  it('is subscribed by the server', async () => {
    const client = await open('ann');
    await app.app.get(RealtimeControl).subscribe('ann', 'rooms:one');
    expect(await client.next('subscribed')).toMatchObject({ channel: 'rooms:one' });
    await app.app.get(RealtimeControl).unsubscribe('ann', 'rooms:one');
    await client.close();
  });

  it('shows who is present, until it has left', async () => {
    const [ann, bob] = [await open('ann'), await open('bob')];
    ann.send({ type: 'subscribe', channel: 'rooms:one', presence: true });
    expect(await ann.next('presence')).toMatchObject({ channel: 'rooms:one' });
    await bob.ask({ type: 'subscribe', channel: 'rooms:one', presence: true });
    await ann.next('presence_diff', ({ joined }) => joined.some(({ userId }) => userId === 'bob'));
    await bob.close();
    await ann.next('presence_diff', ({ left }) => left.some(({ userId }) => userId === 'bob'));
    await ann.close();
  });

  it('calls handlers of the application', async () => {
    const client = await open('ann');
    client.send({ type: 'echo', data: { n: 1 }, ref: 'e' });
    await until(() => client.frames.some((frame) => (frame.type as string) === 'echoed'));
    expect(client.frames.at(-1)).toEqual(stamped({ type: 'echoed', data: { n: 1 }, ref: 'e' }));
    await client.close();
  });

  it('ends with 4503 when it sends too many frames', async () => {
    const client = await open('ann');
    transport.sendAll(client, Array<object>(1_000).fill({ type: 'ping' }));
    expect(await client.whenClosed()).toMatchObject({ code: 4503 });
    expect(client.frames).toContainEqual(errorOf('rate_limited'));
  });

  it('ends with 4501 when it reads too slowly, after everything queued, in order', async () => {
    const client = await open('slow', { channels: 'rooms:one' });
    await client.next('subscribed');
    const before = app.registry.stats().slowConsumersClosed;
    client.socket.pause();
    let emitted = 0;
    while (app.registry.stats().slowConsumersClosed === before) {
      await app.events.emit('rooms:one', { n: (emitted += 1), text: 'x'.repeat(60_000) });
      await new Promise(setImmediate);
      if (emitted > 2_000) throw new Error('No connection was closed after 120 MB');
    }
    client.socket.resume();
    expect(await client.whenClosed()).toEqual({ code: 4501, reason: 'client reads too slowly' });
    expect(numbers(client)).toEqual(numbers(client).map((_, index) => index + 1));
    expect(numbers(client).length).toBeLessThan(emitted);
  });

  it('catches up at the speed of its client', async () => {
    const { id } = await emit(0);
    for (let n = 1; n <= 60; n += 1) await app.events.emit('rooms:one', { n, text: 'x'.repeat(10_000) });
    const client = await open('ann');
    client.socket.pause();
    client.send({ type: 'subscribe', channel: 'rooms:one', lastEventId: id });
    await until(() => [...app.registry.all()].some(({ subscriptions }) => subscriptions.size === 1));
    client.socket.resume();
    await client.next('event', ({ data }) => (data as { n: number }).n === 60);
    expect(numbers(client)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
    await client.close();
  });

  it('stays open while its client reads the heartbeats', async () => {
    const client = await open('ann');
    const [connection] = app.registry.ofUser('ann');
    for (let count = 0; count < 3; count += 1) {
      app.app.get(RealtimeClock).advance(30_000);
      await until(() => connection!.alive);
    }
    expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
    await client.close();
  });

  it('is listed for operators, counted, and in the audit', async () => {
    const { entries } = app.app.get<AuditBook>(RealtimeAudit, { strict: false });
    entries.length = 0;
    const client = await open('ann');
    const [connection] = app.registry.ofUser('ann');
    const { rows } = await app.app.get(Inspection).connections({ sort: 'userId', order: 'asc' }, 10);
    expect(rows).toMatchObject([{ id: connection!.id, userId: 'ann', transport: transport.kind }]);
    expect(app.registry.stats()).toMatchObject({ connections: 1, users: 1 });
    await client.close();
    await until(() => entries.some(({ event }) => event === 'disconnected'));
    expect(entries).toMatchObject([
      { event: 'connected', userId: 'ann' },
      { event: 'disconnected', userId: 'ann' },
    ]);
  });
});

describe.each(TRANSPORTS)('the limits of $name', (transport) => {
  let app: RealtimeApp;
  afterEach(() => app.close());

  const open = async (sub: string): Promise<Client> => {
    const client = await transport.connect(app, { token: signToken({ sub }) });
    await client.next('connected');
    return client;
  };

  it('end a connection with 4401 when its token expires', async () => {
    app = await transport.start();
    const client = await transport.connect(app, { token: signToken({ sub: 'ann', exp: secondsFromNow(60) }) });
    await client.next('connected');
    app.app.get(RealtimeClock).advance(61_000);
    expect(await client.next('error')).toMatchObject({ code: 'token_expired' });
    expect(await client.whenClosed()).toMatchObject({ code: 4401 });
  });

  it('count the connections of a user, and of the instance, until they have ended', async () => {
    app = await transport.start({ maxConnectionsPerUser: 1, maxConnections: 3 });
    const first = await open('ann');
    expect(await transport.refusal(app, { token: signToken({ sub: 'ann' }) })).toBe('too_many_connections');
    const gone = app.gone('ann');
    await first.close();
    await gone;
    await open('ann');
  });

  it('drain each connection with the time to reconnect and 1012', async () => {
    app = await transport.start();
    const client = await open('ann');
    const closed = app.close();
    expect(await client.whenClosed()).toEqual({ code: 1012, reason: 'restarting' });
    expect(client.frames).toContainEqual(stamped({ type: 'reconnect', afterMs: 0 }));
    await closed;
    app = await transport.start();
  });
});
