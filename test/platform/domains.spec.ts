import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ApplicationList } from '../../src/platform/apps/application-list.js';
import { Database } from '../../src/platform/database/database.js';
import { applyPatch, type StatePatch } from '../../src/protocol/index.js';
import type { RealtimeTesting, TestClient } from '../../src/testing/nest/index.js';
import { secondsFromNow, signToken } from '../support/jwt.js';
import { PostgresProcess } from '../support/postgres-process.js';
import { ADMIN, Api, type Answer, DEMO_PASSWORD, OTHER, USER } from './support/api.js';
import { startTested } from './support/tested-platform.js';

/** An entry of the list of applications. */
interface ListedApp {
  readonly name: string;
  readonly status: string;
  readonly deployment: Readonly<Record<string, unknown>> | null;
}

describe.each(['in this process', 'on a server'])('the domains of the platform, with Postgres %s', (place) => {
  let postgres: PostgresProcess | undefined;
  let realtime: RealtimeTesting;
  let admin: Api;
  let user: Api;
  let listener: TestClient;

  beforeAll(async () => {
    postgres = place === 'on a server' ? await PostgresProcess.start() : undefined;
    realtime = await startTested({ DATABASE_URL: postgres?.url ?? 'memory:', DEPLOY_STEP_MS: '250' });
    [admin, user] = await Promise.all([signIn(ADMIN), signIn(USER)]);
  }, 60_000);

  afterAll(async () => {
    await realtime?.close();
    await postgres?.stop();
  });

  beforeEach(async () => {
    listener = await realtime.connect({ token: user.token! });
    await listener.subscribe(['apps:*', 'users:*', 'database:*', 'storage:*']);
  });

  afterEach(() => realtime.reset());

  const signIn = (email: string, password?: string): Promise<Api> =>
    Api.signIn({ url: realtime.origin }, email, password);

  describe('signing in', () => {
    it('returns a token, its expiry and the user, and never the password', async () => {
      const { status, body } = await new Api(realtime.origin).post('/api/auth/login', {
        email: 'USER@example.com',
        password: DEMO_PASSWORD,
      });
      expect(status).toBe(200);
      expect(Object.keys(body).toSorted()).toEqual(['expiresAt', 'token', 'user']);
      expect(body['user']).toMatchObject({ id: 'demo-user', email: USER, role: 'user' });
      expect(JSON.stringify(body)).not.toMatch(/scrypt|hash|demo1234/);
      expect(Date.parse(String(body['expiresAt']))).toBeGreaterThan(Date.now() + 7 * 3_600_000);
      expect((await user.get('/api/auth/me')).body).toEqual({ id: 'demo-user', email: USER, role: 'user' });
    });

    it.each([
      [USER, 'wrong'],
      ['nobody@example.com', DEMO_PASSWORD],
      ['\0', DEMO_PASSWORD],
      ["' or true --", DEMO_PASSWORD],
    ])('is refused for %j with %j, with the same message', async (email, password) => {
      expect(await new Api(realtime.origin).post('/api/auth/login', { email, password })).toEqual({
        status: 401,
        body: { statusCode: 401, error: 'Unauthorized', message: 'Wrong email or password' },
      });
    });

    it('is required everywhere under /api', async () => {
      const paths = ['apps', 'users', 'database/tables', 'deployments', 'storage/files', 'auth/me', 'links'];
      for (const token of [null, 'not-a-token']) {
        const answers = await Promise.all(paths.map((path) => new Api(realtime.origin, token).get(`/api/${path}`)));
        expect(answers.map(({ status }) => status)).toEqual(paths.map(() => 401));
      }
    });
  });

  it('names the console to administrators, if it is served', async () => {
    expect((await admin.get('/api/links')).body).toEqual({ console: null });
    expect((await user.get('/api/links')).status).toBe(403);
  });

  it('applications are created, renamed and deleted, and each change emits an event', async () => {
    const { body: app } = await user.post('/api/apps', { name: 'one' });
    const path = `/api/apps/${String(app['id'])}`;
    expect(app).toMatchObject({ name: 'one', status: 'created', ownerId: 'demo-user' });
    expect((await user.post('/api/apps', { name: 'ONE' })).status).toBe(409);
    expect((await listener.expectEvent('apps:created')).data).toEqual({ ...app, by: 'demo-user' });

    const { body: renamed } = await user.patch(path, { name: 'two' });
    expect((await listener.expectEvent('apps:updated')).data).toEqual({ ...renamed, by: 'demo-user' });
    expect((await user.get<object[]>('/api/apps')).body).toContainEqual(renamed);

    expect((await user.delete(path)).status).toBe(204);
    expect((await listener.expectEvent('apps:deleted')).data).toEqual({ id: app['id'], name: 'two', by: 'demo-user' });
    const gone = [user.get(path), user.patch(path, { name: 'x' }), user.delete(path), user.post(`${path}/deploy`)];
    expect((await Promise.all(gone)).map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    await realtime.expectEmitted('applications', { remove: [`/apps/${String(app['id'])}`] });
    expect(realtime.emitted().map(({ channel }) => channel)).toEqual([
      ...['apps:created', 'applications', 'apps:updated', 'applications', 'apps:deleted', 'applications'],
    ]);
  });

  it('the list of applications is a live resource: each change is a patch with the whole entry', async () => {
    listener.send({ type: 'subscribe', channel: 'applications', state: true });
    const first = await listener.next('state');
    let list = 'data' in first ? first.data : undefined;
    const entry = async (): Promise<ListedApp | undefined> => {
      list = applyPatch(list, (await listener.expectEvent('applications')).data as StatePatch);
      return (list as { apps: Readonly<Record<string, ListedApp>> }).apps[String(app['id'])];
    };
    const { body: app } = await user.post('/api/apps', { name: 'listed' });
    const { updatedAt: _, ...listed } = app;
    expect(await entry()).toEqual({ ...listed, deployment: null });
    const path = `/api/apps/${String(app['id'])}`;
    const { body: deployment } = await user.post(`${path}/deploy`);
    const started = { id: deployment['id'], status: 'started', reason: null, startedBy: 'demo-user', endedAt: null };
    expect(await entry()).toEqual({
      ...{ ...listed, status: 'deploying' },
      deployment: { ...started, startedAt: deployment['startedAt'] },
    });
    for (let renames = 1; renames < 9; renames += 1) await user.patch(path, { name: `listed ${renames}` });
    let shown: ListedApp | undefined;
    do shown = await entry();
    while (shown?.status !== 'running' || shown.name !== 'listed 8');
    expect(shown.deployment).toMatchObject({ id: deployment['id'], status: 'completed' });
    // The patches lead to what a new subscriber would load.
    const loaded = await realtime.get(ApplicationList).load();
    expect(list).toEqual(JSON.parse(JSON.stringify({ apps: Object.fromEntries(loaded.apps) })));
    await user.delete(path);
    expect(await entry()).toBeUndefined();
  });

  it('a deployment writes a log, with the exit code at its end', async () => {
    for (const [name, fail, exitCode] of [
      ['logged', false, 0],
      ['unhealthy', true, 1],
    ] as const) {
      const { body: app } = await user.post('/api/apps', { name });
      const { body: deployment } = await user.post(`/api/apps/${String(app['id'])}/deploy`, { fail });
      const channel = `deployments:${String(deployment['id'])}:log`;
      listener.send({ type: 'subscribe', channel, stream: {} });
      const end = await listener.next('stream', (frame) => frame.channel === channel && 'state' in frame);
      expect(end).toMatchObject({ state: 'done', result: { exitCode } });
      const frames = listener.frames.filter((frame) => frame.type === 'stream' && frame.channel === channel);
      const log = frames.map((frame) => ('text' in frame ? frame.text : '')).join('');
      const last = fail ? '✗ The health check of the new version did not answer' : '✓ logged is running';
      expect(log).toMatch(new RegExp(`^Deploying ${name} at [\\da-f]{7}\\n[^]*\\n${last}\\n$`));
      await realtime.expectEmitted('apps:status', { id: String(app['id']), status: fail ? 'failed' : 'running' });
    }
  });

  it('the list of applications is for signed-in users only', async () => {
    const anonymous = await realtime.connect();
    expect(await anonymous.expectDenied('applications')).toBe('forbidden');
    await anonymous.close();
  });

  it('an application during a deployment is neither deployed again nor deleted', async () => {
    const { body: app } = await user.post('/api/apps', { name: 'busy' });
    const path = `/api/apps/${String(app['id'])}`;
    const both = await Promise.all([user.post(`${path}/deploy`), user.post(`${path}/deploy`)]);
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([202, 409]);
    expect((await user.delete(path)).status).toBe(409);
    const { body: deployments } = await user.get<{ id: string }[]>(`/api/deployments?appId=${String(app['id'])}`);
    expect(deployments).toHaveLength(1);
    const { body: deployment } = await user.get(`/api/deployments/${deployments[0]!.id}`);
    expect(deployment).toMatchObject({ appId: app['id'], startedBy: 'demo-user', endedAt: null });
    await realtime.expectEmitted('apps:status', { id: String(app['id']), status: 'running' });
  });

  it('users are created, changed and deleted by admins, and each event omits the password', async () => {
    const newcomer = { email: 'new@example.com', name: 'Nora New', password: 'a good password' };
    expect((await user.post('/api/users', newcomer)).status).toBe(403);
    const { status, body: made } = await admin.post('/api/users', newcomer);
    expect([status, made]).toEqual([201, expect.objectContaining({ email: newcomer.email, role: 'user' })]);
    const { email: _, ...shown } = made;
    expect((await listener.expectEvent('users:created')).data).toEqual({ ...shown, by: 'demo-admin' });
    expect((await admin.post('/api/users', { ...newcomer, email: 'NEW@example.com' })).status).toBe(409);
    await expect(signIn(newcomer.email, newcomer.password)).resolves.toBeInstanceOf(Api);

    const path = `/api/users/${String(made['id'])}`;
    const { body: changed } = await admin.patch(path, { role: 'admin', password: 'another password' });
    const { email: __, ...shownChanged } = changed;
    expect((await listener.expectEvent('users:updated')).data).toEqual({ ...shownChanged, by: 'demo-admin' });
    await expect(signIn(newcomer.email, newcomer.password)).rejects.toThrow('401');
    const promoted = await signIn(newcomer.email, 'another password');
    expect((await promoted.post('/api/announcements', { message: 'I may' })).status).toBe(202);

    expect((await promoted.delete(path)).status).toBe(409); // users cannot delete themselves
    expect((await user.delete(path)).status).toBe(403);
    expect((await admin.delete(path)).status).toBe(204);
    expect((await listener.expectEvent('users:deleted')).data).toEqual({ id: made['id'], by: 'demo-admin' });
    expect((await admin.post(`${path}/notify`, { message: 'hello?' })).status).toBe(404);
    expect(JSON.stringify(listener.frames)).not.toMatch(/scrypt|password/);
  });

  describe('a session ends', () => {
    const newcomer = async (role: string): Promise<{ path: string; email: string; api: Api }> => {
      const email = `${randomUUID()}@example.com`;
      const { body } = await admin.post('/api/users', { email, name: 'N', password: 'a good password', role });
      return { path: `/api/users/${String(body['id'])}`, email, api: await signIn(email, 'a good password') };
    };
    const reads = async ({ token }: Api): Promise<number[]> => {
      const api = new Api(realtime.origin, token);
      const answers = [api.get('/api/apps'), api.get('/metrics'), api.post('/api/announcements', { message: 'x' })];
      return (await Promise.all(answers)).map(({ status }) => status);
    };

    it.each<[string, object, string, number[]]>([
      ['loses its role', { role: 'user' }, 'a good password', [200, 403, 403]],
      ['gets a new password', { password: 'another password' }, 'another password', [200, 200, 202]],
    ])('when a user %s: everywhere at once, and a new one can start', async (_what, change, password, expected) => {
      const { path, email, api } = await newcomer('admin');
      const client = await realtime.connect({ token: api.token! });
      expect(await reads(api)).toEqual([200, 200, 202]);
      expect((await admin.patch(path, change)).status).toBe(200);
      expect(await client.whenClosed()).toMatch(/^4403/);
      expect(await reads(api)).toEqual([401, 401, 401]);
      await expect(realtime.connect({ token: api.token! })).rejects.toThrow('token_invalid');
      expect(await reads(await signIn(email, password))).toEqual(expected);
    });

    it('when a user is deleted', async () => {
      const { path, api } = await newcomer('user');
      const client = await realtime.connect({ token: api.token! });
      expect((await admin.delete(path)).status).toBe(204);
      expect(await client.whenClosed()).toMatch(/^4403/);
      expect(await reads(api)).toEqual([401, 401, 401]);
    });

    it('not if it begins before the change is committed: it waits, and gets the new role', async () => {
      const { path, email } = await newcomer('admin');
      const database = realtime.get(Database);
      let answer: Promise<Answer> | undefined;
      await database.transaction(async (statements) => {
        const id = path.split('/').at(-1)!;
        await statements.query(`update users set role = 'user' where id = $1`, [id]);
        answer = new Api(realtime.origin).post('/api/auth/login', { email, password: 'a good password' });
        // In-process Postgres serializes statements and transactions.
        if (postgres === undefined) return;
        let isAnswered = false;
        void answer.finally(() => (isAnswered = true));
        const waiting = `select 1 from pg_stat_activity where wait_event_type = 'Lock'`;
        while (!isAnswered && (await database.query(waiting)).length === 0) await delay(5);
      });
      expect((await answer!).body['user']).toMatchObject({ email, role: 'user' });
    });

    it('on sign-out, without ending other sessions of the user', async () => {
      const { email, api } = await newcomer('user');
      const other = await signIn(email, 'a good password');
      const client = await realtime.connect({ token: api.token! });
      const stays = await realtime.connect({ token: other.token! });
      expect((await new Api(realtime.origin).post('/api/auth/logout')).status).toBe(401);
      expect((await api.post('/api/auth/logout')).status).toBe(204);
      expect(await client.whenClosed()).toMatch(/^4403/);
      expect(await reads(api)).toEqual([401, 401, 401]);
      expect((await other.get('/api/apps')).status).toBe(200);
      await stays.close();
    });

    it('and stays revoked after a restart that forgets everything else', async () => {
      const [deleted, signedOut] = [await newcomer('user'), await newcomer('user')];
      await Promise.all([admin.delete(deleted.path), signedOut.api.post('/api/auth/logout')]);
      const exp = secondsFromNow(864_000);
      const foreign = [{ sub: 'abroad' }, { sub: 'abroad too', jti: 'long' }].map((claims) =>
        signToken({ ...claims, exp }),
      );
      for (const token of foreign) {
        expect((await new Api(realtime.origin, token).post('/api/auth/logout')).status).toBe(204);
      }
      const kept = await realtime
        .get(Database)
        .query<{ until: Date }>("select until from ended_sessions where subject in ('abroad', 'long') order by kind");
      expect(kept).toHaveLength(2);
      for (const { until } of kept) expect(until.getTime()).toBeGreaterThanOrEqual(exp * 1_000);
      if (postgres === undefined) return; // a database in memory does not outlive the process
      const again = await startTested({ DATABASE_URL: postgres.url });
      const tokens = [deleted.api.token, signedOut.api.token, ...foreign, user.token];
      const answers = await Promise.all(tokens.map((token) => new Api(again.origin, token).get('/api/apps')));
      expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 200]);
      await again.close();
    }, 60_000);
  });

  it('signing in is limited by account, before a password is checked', async () => {
    const attempt = (email: string) => new Api(realtime.origin).post('/api/auth/login', { email, password: 'wrong' });
    const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => attempt(n % 2 ? 'A@x.com' : 'a@x.com')));
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
    const body = JSON.stringify({ email: 'a@x.com', password: 'wrong' });
    const headers = { 'Content-Type': 'application/json' };
    const refused = await fetch(`${realtime.origin}/api/auth/login`, { method: 'POST', headers, body });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await attempt('b@x.com')).status).toBe(401);
  });

  it('applications, files and tables are changed by their owner and by admins only', async () => {
    const other = await signIn(OTHER);
    const { body: app } = await user.post('/api/apps', { name: 'mine' });
    const { body: file } = await user.post('/api/storage/files', { name: 'mine', content: '' });
    const [appPath, filePath] = [`/api/apps/${String(app['id'])}`, `/api/storage/files/${String(file['id'])}`];
    const tablePath = '/api/database/tables/mine';
    expect((await user.post('/api/database/tables', { name: 'mine' })).body).toMatchObject({ ownerId: 'demo-user' });
    const { body: row } = await user.post(`${tablePath}/rows`, { values: { price: 1 } });
    const rowPath = `${tablePath}/rows/${String(row['id'])}`;
    const refused = await Promise.all([
      other.patch(appPath, { name: 'theirs' }),
      other.delete(appPath),
      other.post(`${appPath}/deploy`),
      other.put(filePath, { content: 'AAAA' }),
      other.delete(filePath),
      other.patch(tablePath, { description: 'theirs' }),
      other.post(`${tablePath}/rows`, { values: { price: 2 } }),
      other.patch(rowPath, { values: { price: 2 } }),
      other.delete(tablePath),
    ]);
    expect(refused.map(({ status }) => status)).toEqual(Array(9).fill(403));
    expect((await other.get(`${tablePath}/rows`)).body).toEqual([row]);
    expect((await admin.patch(rowPath, { values: { price: 3 } })).status).toBe(200);
    expect((await admin.patch(tablePath, { description: 'moderated' })).status).toBe(200);
    expect((await user.delete(tablePath)).status).toBe(204);
    expect((await other.get(appPath)).body).toEqual(app);
    expect((await other.get(`${filePath}/content`)).status).toBe(200);
    expect((await admin.patch(appPath, { name: 'moderated' })).status).toBe(200);
    expect((await admin.put(filePath, { content: 'AAAA' })).status).toBe(200);
    expect((await admin.delete(filePath)).status).toBe(204);
    expect((await user.delete(appPath)).status).toBe(204);
    await realtime.expectEmitted('apps:deleted');
  });

  it('email addresses are visible to admins, and to the user itself', async () => {
    const all = async (api: Api) => (await api.get<{ id: string; email?: string }[]>('/api/users')).body;
    expect((await all(user)).filter(({ email }) => email !== undefined).map(({ id }) => id)).toEqual(['demo-user']);
    expect((await all(admin)).every(({ email }) => email !== undefined)).toBe(true);

    const own = await signIn(USER);
    const other = await signIn('other@example.com');
    const connect = async ({ token }: Api, channel: string, lastEventId?: string) => {
      const client = await realtime.connect({ token: token! });
      await client.subscribe(channel, lastEventId);
      return client;
    };
    const [watcher, owner, stranger] = await Promise.all([admin, own, other].map((api) => connect(api, 'users:*')));
    expect((await admin.patch('/api/users/demo-user', { email: USER })).body).toMatchObject({ email: USER });
    const { id, data } = await watcher!.expectEvent('users:updated');
    expect(data).toMatchObject({ id: 'demo-user', email: USER });
    expect((await owner!.expectEvent('users:updated')).data).toEqual(data);
    const { email: _, ...withoutEmail } = data as { email: string };
    expect((await stranger!.expectEvent('users:updated')).data).toEqual(withoutEmail);
    // Replays from the history are narrowed in the same way.
    await admin.patch('/api/users/demo-user', { email: USER });
    await watcher!.expectEvent('users:updated');
    const [ownerBack, strangerBack] = await Promise.all([own, other].map((api) => connect(api, 'users:updated', id)));
    expect((await ownerBack!.expectEvent('users:updated')).data).toHaveProperty('email', USER);
    expect((await strangerBack!.expectEvent('users:updated')).data).not.toHaveProperty('email');
    for (const client of [watcher, owner, stranger, ownerBack, strangerBack]) await client!.close();
  });

  it('tables and rows are stored and changed, and each change emits an event', async () => {
    const tables = '/api/database/tables';
    expect((await user.post(tables, { name: 'orders' })).status).toBe(201);
    expect((await user.post(tables, { name: 'orders' })).status).toBe(409);
    expect((await listener.expectEvent('database:table_created')).data).toEqual({
      table: 'orders',
      description: '',
      by: 'demo-user',
    });
    await user.patch(`${tables}/orders`, { description: 'What was bought' });
    await listener.expectEvent('database:table_updated', {
      description: 'What was bought',
      by: 'demo-user',
    });

    const values = { item: "tea'); drop table users; --", price: 4.5, paid: false, note: null };
    const { body: row } = await user.post(`${tables}/orders/rows`, { values });
    expect(row).toMatchObject({ table: 'orders', values });
    expect((await listener.expectEvent('database:row_updated')).data).toEqual({
      table: 'orders',
      row,
      action: 'inserted',
      by: 'demo-user',
    });
    const { body: paid } = await user.patch(`${tables}/orders/rows/${String(row['id'])}`, { values: { paid: true } });
    expect(paid).toMatchObject({ values: { ...values, paid: true } });
    expect((await listener.expectEvent('database:row_updated')).data).toEqual({
      table: 'orders',
      row: paid,
      action: 'changed',
      by: 'demo-user',
    });
    const wider = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`more_${index}`, 1]));
    expect((await user.patch(`${tables}/orders/rows/${String(row['id'])}`, { values: wider })).status).toBe(400);
    expect((await user.get(`${tables}/orders/rows`)).body).toEqual([paid]);

    expect((await user.delete(`${tables}/orders`)).status).toBe(204);
    expect((await listener.expectEvent('database:table_deleted')).data).toEqual({ table: 'orders', by: 'demo-user' });
    expect((await user.get(`${tables}/orders/rows`)).status).toBe(404);
    expect((await user.post(`${tables}/orders/rows`, { values })).status).toBe(404);
  });

  it('files are returned byte for byte, always as a download, and each change emits an event', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    const upload = { name: 'größe "1".bin', contentType: 'text/html', content: bytes.toString('base64') };
    const { status, body: file } = await user.post('/api/storage/files', upload);
    expect([status, file['size']]).toEqual([201, 256]);
    expect((await listener.expectEvent('storage:uploaded')).data).toEqual({ ...file, by: 'demo-user' });

    const path = `/api/storage/files/${String(file['id'])}`;
    const headers = { Authorization: `Bearer ${user.token}` };
    const download = await fetch(`${realtime.origin}${path}/content`, { headers });
    expect(Buffer.from(await download.arrayBuffer())).toEqual(bytes);
    expect(download.headers.get('content-disposition')).toBe(
      "attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe%20%221%22.bin",
    );
    expect(download.headers.get('x-content-type-options')).toBe('nosniff');

    const { body: replaced } = await user.put(path, { content: '' });
    expect(replaced).toMatchObject({ size: 0, contentType: 'text/html' });
    expect((await listener.expectEvent('storage:updated')).data).toEqual({ ...replaced, by: 'demo-user' });
    expect((await user.delete(path)).status).toBe(204);
    expect((await listener.expectEvent('storage:deleted')).data).toEqual({
      id: file['id'],
      name: upload.name,
      by: 'demo-user',
    });
    expect((await user.get(`${path}/content`)).status).toBe(404);

    const largest = Buffer.alloc(1_048_576).toString('base64');
    expect((await user.post('/api/storage/files', { name: 'large', content: largest })).status).toBe(201);
    await realtime.expectEmitted('storage:uploaded', { name: 'large' });
    expect((await user.post('/api/storage/files', { name: 'larger', content: `${largest}AAAA` })).status).toBe(400);
  });

  it.each<[string, unknown]>([
    ['/api/apps', undefined],
    ['/api/apps', []],
    ['/api/apps', { name: '' }],
    ['/api/apps', { name: ' a' }],
    ['/api/apps', { name: 'a\nb' }],
    ['/api/apps', { name: 'a\0' }],
    ['/api/apps', '{"name":"\\ud800"}'],
    ['/api/apps', { name: 'x'.repeat(61) }],
    ['/api/apps', { name: { $ne: 1 } }],
    ['/api/apps', { name: 'a', ownerId: 'demo-admin' }],
    ['/api/auth/login', { email: USER }],
    ['/api/users', { email: 'no email', name: 'N', password: 'long enough' }],
    ['/api/users', { email: 'n@example.com', name: 'N', password: 'short' }],
    ['/api/users', { email: 'n@example.com', name: 'N', password: 'long enough', role: 'root' }],
    ['/api/announcements', { message: '' }],
    ['/api/announcements', { message: 'a', level: 'loud' }],
    ['/api/database/tables', { name: 'Orders' }],
    ['/api/database/tables', { name: 'a; drop table users' }],
    ['/api/database/tables/t/rows', { values: {} }],
    ['/api/database/tables/t/rows', { values: { a: {} } }],
    ['/api/database/tables/t/rows', { values: { 'a b': 1 } }],
    ['/api/database/tables/t/rows', { values: { a: '\0' } }],
    ['/api/database/tables/t/rows', { values: [1] }],
    ['/api/storage/files', { name: 'a', content: '???' }],
    ['/api/storage/files', { name: 'a', content: '', contentType: 'text/html\r\nX: y' }],
  ])('POST %s rejects %j with the reason', async (path, body) => {
    const { status, body: refusal } = await admin.post<{ message: string[] }>(path, body);
    expect(status).toBe(400);
    expect(refusal).toMatchObject({ statusCode: 400, error: 'Bad Request' });
    expect([refusal.message].flat().join()).toMatch(/\w+ \w+/);
    expect(realtime.emitted()).toEqual([]);
  });

  it.each(['/api/apps/%00', '/api/apps/nope', '/api/deployments/nope', `/api/apps/${'x'.repeat(500)}`, '/api/nothing'])(
    'GET %s is 404',
    async (path) => expect((await user.get(path)).status).toBe(404),
  );

  it.each(['limit=0', 'limit=501', 'limit=x', 'offset=-1', 'offset=1.5', 'page=2'])(
    'a list rejects ?%s',
    async (query) => expect((await user.get(`/api/apps?${query}`)).status).toBe(400),
  );
});
