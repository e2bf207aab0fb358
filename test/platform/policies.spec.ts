import { randomUUID } from 'node:crypto';
import type { RealtimeTesting, TestClient } from '../../src/testing/nest/index.js';
import { ADMIN, Api, OTHER, USER } from './support/api.js';
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
    realtime = await startTested({ DEPLOY_STEP_MS: '600000' }); // deployments last until they are cancelled
  }, 60_000);
  afterAll(() => realtime.close());
  afterEach(() => realtime.reset());

  it('grants these rights, for every channel that it has', async () => {
    expect(await realtime.policyMatrix(USERS)).toMatchSnapshot('channels with a name');
    expect(await realtime.policyMatrix(USERS, ['user:demo-user', 'user:demo-admin'])).toMatchSnapshot(
      'private channels',
    );
  });

  describe('the log of a deployment', () => {
    let channel: string;
    let id: string;
    let ownerClient: TestClient;
    let otherClient: TestClient;

    beforeEach(async () => {
      const [owner, other] = await Promise.all([signIn(USER), signIn(OTHER)]);
      const { body: app } = await owner.post('/api/apps', { name: randomUUID() });
      const { body: deployment } = await owner.post(`/api/apps/${String(app['id'])}/deploy`);
      id = String(deployment['id']);
      channel = `deployments:${id}:log`;
      [ownerClient, otherClient] = [await read(owner), await read(other)];
    });
    afterEach(async () => {
      for (const client of [ownerClient, otherClient]) await client.close();
    });

    async function read({ token }: Api): Promise<TestClient> {
      const client = await realtime.connect({ token: token! });
      client.send({ type: 'subscribe', channel, stream: {} });
      await client.next('stream', ({ text = '' }) => text.startsWith('Deploying'));
      return client;
    }

    /** Cancels, and waits until the deployment has ended. @returns the end that the other client has received */
    async function cancel(client: TestClient): Promise<object> {
      client.send({ type: 'stream_cancel', channel });
      await client.next('stream_cancelled');
      const end = await otherClient.next('stream', (frame) => 'state' in frame);
      await realtime.expectEmitted('deployments:failed', { id, reason: 'Cancelled' });
      return end;
    }

    it('can be read by every user, and cancelled by the owner of the application, which ends the deployment', async () => {
      otherClient.send({ type: 'stream_cancel', channel });
      expect(await otherClient.next('error')).toMatchObject({ code: 'forbidden' });
      expect(await cancel(ownerClient)).toMatchObject({ state: 'cancelled' });
      const anonymous = await realtime.connect();
      anonymous.send({ type: 'subscribe', channel, stream: {} });
      expect(await anonymous.next('error')).toMatchObject({ code: 'forbidden' });
      await anonymous.close();
    });

    it('can be cancelled by admins', async () => {
      const admin = await read(await signIn(ADMIN));
      expect(await cancel(admin)).toMatchObject({ state: 'cancelled' });
      await admin.close();
    });

    it('is not continued while it is written, after its end, and by other users', async () => {
      const refused = async (client: TestClient): Promise<object> =>
        client.expectRefused('deployments.continue', { id });
      expect(await refused(otherClient)).toMatchObject({ code: 'forbidden' });
      const running = { code: 'conflict', message: 'The deployment is still running' };
      expect(await refused(ownerClient)).toMatchObject(running);
      await cancel(ownerClient);
      const over = { code: 'conflict', message: 'The deployment has ended: deploy again' };
      expect(await refused(ownerClient)).toMatchObject(over);
      expect(await ownerClient.expectRefused('deployments.continue', { id: 'nope' })).toMatchObject({
        code: 'not_found',
      });
    });
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
