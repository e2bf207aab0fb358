import { RealtimeAsyncApi } from '../../src/realtime/index.js';
import { compile, problemText } from '../support/compile.js';
import { signToken } from '../support/jwt.js';
import { RealtimeApp } from './support/realtime-app.js';

const addressesOf = (app: RealtimeApp) =>
  Object.values(app.app.get(RealtimeAsyncApi).document().channels).map(({ address }) => address);

describe('built-in channels that are switched off', () => {
  let app: RealtimeApp;
  beforeAll(async () => {
    const channels = [{ name: 'users:created', access: 'public' as const }];
    app = await RealtimeApp.start({ builtInChannels: false, channels });
  });
  afterAll(() => app.close());

  it('are neither offered nor documented, and their names are free', async () => {
    const client = await app.connect();
    expect(await client.next('connected')).toMatchObject({ authorizedChannels: ['users:created'] });
    expect(addressesOf(app)).toEqual(['users:created', 'user:{userId}']);
    expect(JSON.stringify(app.app.get(RealtimeAsyncApi).document())).not.toContain('email');
  });

  it('are unknown, to subscribers and to emit', async () => {
    const client = await app.connect({ token: signToken({ sub: 'boss', role: 'admin' }) });
    await client.next('connected');
    expect(await client.ask({ type: 'subscribe', channel: 'apps:created' })).toMatchObject({ code: 'unknown_channel' });
    expect(await client.ask({ type: 'subscribe', channel: 'system:*' })).toMatchObject({ code: 'unknown_channel' });
    await expect(app.events.publish('apps:created', { id: '1', name: 'shop' })).rejects.toThrow('apps:created');
  });

  it('leave the private channels of users', async () => {
    const client = await app.connect({ token: signToken({ sub: 'ada' }) });
    await client.next('connected');
    await client.ask({ type: 'subscribe', channel: 'user:ada' });
    await app.events.emitToUser('ada', { hello: true });
    expect(await client.next('event')).toMatchObject({ channel: 'user:ada', data: { hello: true } });
  });
});

describe('built-in channels that are named', () => {
  it('are there, with the rules of their groups', async () => {
    const channels = [{ name: 'apps:archived' }];
    const app = await RealtimeApp.start({ builtInChannels: ['announcements', 'apps:created'], channels });
    expect(addressesOf(app)).toEqual(['announcements', 'apps:created', 'apps:archived', 'user:{userId}']);
    await app.close();
  });

  it.each<[unknown, string]>([
    [['apps:creatd'], '`builtInChannels` names "apps:creatd", which is not built in: did you mean apps:created?'],
    [
      ['orders:*'],
      '`builtInChannels` names "orders:*", which is not built in: Built in are announcements, apps:created',
    ],
    [
      'apps:*',
      '`builtInChannels` must be true, false, or a list of built-in channels such as announcements and apps:*',
    ],
    [[7], '`builtInChannels` names 7, which is not built in'],
  ])('are checked at start: %j', async (builtInChannels, sentence) => {
    const options = { builtInChannels } as { builtInChannels: string[] };
    await expect(RealtimeApp.start(options)).rejects.toThrow(sentence);
  });

  it('give their group no rule if none of it is there', async () => {
    const channels = [{ name: 'users:archived' }];
    await expect(RealtimeApp.start({ builtInChannels: ['apps:*'], channels })).rejects.toThrow(
      'users:archived matches no rule',
    );
  });
});

const USE = `
import { EventsPublisher, type PlatformEvents, type RealtimeEvents } from 'nestjs-realtime';
import { createRealtimeClient } from 'nestjs-realtime-client';
`;

describe('the event map', () => {
  it('is empty when the package is imported, and a channel can have a custom type', () => {
    const code = `${USE}
declare module 'nestjs-realtime' {
  interface RealtimeEvents { 'users:created': { login: string } }
}
interface ShopEvents extends RealtimeEvents, Pick<PlatformEvents, 'apps:deleted'> { 'orders:paid': { total: number } }
export function use(events: EventsPublisher, shop: EventsPublisher<ShopEvents>) {
  void events.emit('users:created', { login: 'ada' });
  createRealtimeClient({ url: '/ws' }).channel('users:created').on('event', ({ data }) => data.login.length);
  void shop.emit('orders:paid', { total: 1 });
  void shop.emit('apps:deleted', { id: '1' });
  // @ts-expect-error a field is missing
  void shop.emit('apps:deleted', {});
  // @ts-expect-error not in the event map
  void events.emit('apps:created', { id: '1', name: 'shop' });
  // @ts-expect-error not in the event map
  createRealtimeClient({ url: '/ws' }).channel('apps:created');
}`;
    expect(compile([{ name: 'custom-events.ts', code }]).map(problemText)).toEqual([]);
  }, 60_000);

  it.each(['nestjs-realtime', 'nestjs-realtime-client'])(
    'has the built-in channels beside those declared in %s',
    (entry) => {
      const code = `${USE}
import 'nestjs-realtime/platform-events';
declare module '${entry}' {
  interface RealtimeEvents { 'orders:paid': { total: number } }
}
export function use(events: EventsPublisher) {
  void events.emit('apps:created', { id: '1', name: 'shop' });
  void events.emit('orders:paid', { total: 1 });
  createRealtimeClient({ url: '/ws' }).channel('apps:created').on('event', ({ data }) => data.name.length);
  // @ts-expect-error a field is missing
  void events.emit('apps:created', { id: '1' });
  // @ts-expect-error not in the event map
  void events.emit('apps:archived', { id: '1' });
}`;
      expect(compile([{ name: 'platform-events.ts', code }]).map(problemText)).toEqual([]);
    },
    60_000,
  );
});
