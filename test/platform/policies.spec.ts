import type { RealtimeTesting } from '../../src/testing/nest/index.js';
import { ADMIN, Api, USER } from './support/api.js';
import { startTested } from './support/tested-platform.js';

const USERS = {
  nobody: null,
  user: { userId: 'demo-user' },
  admin: { userId: 'demo-admin', role: 'admin' },
};

describe('the platform', () => {
  let realtime: RealtimeTesting;
  const signIn = (email: string): Promise<Api> => Api.signIn({ url: realtime.origin }, email);

  beforeAll(async () => {
    realtime = await startTested();
  }, 60_000);
  afterAll(() => realtime.close());
  afterEach(() => realtime.reset());

  it('grants these rights, for every channel that it has', async () => {
    expect(await realtime.policyMatrix(USERS)).toMatchSnapshot('channels with a name');
    expect(await realtime.policyMatrix(USERS, ['user:demo-user', 'user:demo-admin'])).toMatchSnapshot(
      'private channels',
    );
  });

  it('keeps its events while the broker is down, and is not ready', async () => {
    const [user, admin] = await Promise.all([signIn(USER), signIn(ADMIN)]);
    const listener = await realtime.connectAs(USERS.user);
    await listener.subscribe('apps:created');
    const ready = async (): Promise<number> => (await user.get('/health/ready')).status;
    expect(await ready()).toBe(200);
    realtime.brokerDown();
    expect(await ready()).toBe(503);
    expect((await user.post('/api/apps', { name: 'meanwhile' })).status).toBe(201); // its event is stored with it
    const announced = admin.post('/api/announcements', { message: 'hello?' });
    await realtime.expectEmitted('announcements');
    await realtime.clock.advance('10s');
    expect((await announced).status).toBe(503);
    await listener.expectNoEvent();
    realtime.brokerUp();
    expect(await ready()).toBe(200);
    await listener.expectEvent('apps:created', { name: 'meanwhile', by: 'demo-user' });
    expect(realtime.emitted('announcements').map(({ outcome }) => outcome)).toEqual(['rejected']);
  });

  it('ends a session at its expiry, over HTTP and on an open connection', async () => {
    const user = await signIn(USER);
    const client = await realtime.connect({ token: user.token! });
    await realtime.clock.advance('7h');
    await client.expectNoEvent();
    expect((await user.get('/api/auth/me')).status).toBe(200);
    await realtime.clock.advance('1h');
    expect(await client.next('error')).toMatchObject({ code: 'token_expired' });
    expect(await client.whenClosed()).toMatch(/^4401/);
    expect((await user.get('/api/auth/me')).status).toBe(401);
  });
});
