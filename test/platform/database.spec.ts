import { writeFile, readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Database, DatabaseUnavailableError, isDuplicate } from '../../src/platform/database/database.js';
import { emptyCluster } from '../../src/platform/database/empty-cluster.js';
import { openDatabase } from '../../src/platform/database/open-database.js';
import { PlatformProcess } from '../support/platform-process.js';
import { PostgresProcess } from '../support/postgres-process.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { ADMIN, Api } from './support/api.js';
import { expectEvents, listen } from './support/listener.js';

interface FileRow {
  readonly name: string;
  readonly content: Uint8Array;
  readonly createdAt: Date;
}

/** Behavior that every implementation guarantees. */
function behavesAsPromised(open: () => Promise<Database>): void {
  let database: Database;

  beforeAll(async () => {
    database = await open();
  }, 60_000);

  afterAll(() => database?.close());

  const insertTable = 'insert into customer_tables (name) values ($1)';
  const countTables = async (name: string): Promise<number> => {
    const [row] = await database.query<{ n: number }>(
      'select count(*)::int as n from customer_tables where name = $1',
      [name],
    );
    return row!.n;
  };

  it('stores and returns strings, numbers, bytes, dates and JSON', async () => {
    const bytes = Buffer.from([0, 255, 128, 10]);
    await database.query(
      `insert into files (id, name, content_type, size, content, uploaded_by) values ($1, $2, 'a/b', $3, $4, 'u')`,
      ['f1', 'ü "quoted" \\ 😀', 4, bytes],
    );
    const [file] = await database.query<FileRow>('select name, content, created_at as "createdAt" from files');
    expect(file!.name).toBe('ü "quoted" \\ 😀');
    expect(Buffer.from(file!.content)).toEqual(bytes);
    expect(Math.abs(file!.createdAt.getTime() - Date.now())).toBeLessThan(60_000);
    const values = { a: 'x', b: 1.5, c: true, d: null, e: [1, { f: 2 }] };
    expect(await database.query('select $1::jsonb as values', [JSON.stringify(values)])).toEqual([{ values }]);
  });

  it('commits a whole transaction, or nothing', async () => {
    const result = await database.transaction(async (statements) => {
      await statements.query(insertTable, ['kept']);
      return statements.query('select name from customer_tables where name = $1', ['kept']);
    });
    expect(result).toEqual([{ name: 'kept' }]);
    const failing = database.transaction(async (statements) => {
      await statements.query(insertTable, ['lost']);
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    expect([await countTables('kept'), await countTables('lost')]).toEqual([1, 0]);
  });

  it('distinguishes a duplicate from other failures, and continues after each', async () => {
    await database.query(insertTable, ['twice']);
    const duplicate = await database.query(insertTable, ['twice']).catch((error: unknown) => error);
    const inside = await database
      .transaction((statements) => statements.query(insertTable, ['twice']))
      .catch((error: unknown) => error);
    const wrong = await database.query('select nonsense').catch((error: unknown) => error);
    expect([duplicate, inside, wrong].map(isDuplicate)).toEqual([true, true, false]);
    expect(await countTables('twice')).toBe(1);
  });

  it('isolates concurrent transactions until they commit', async () => {
    const deploy = () =>
      database.transaction(async (statements) => {
        const [row] = await statements.query<{ description: string }>(
          `update customer_tables set description = description || 'x' where name = 'counted' returning description`,
        );
        return row!.description.length;
      });
    await database.query(insertTable, ['counted']);
    const lengths = await Promise.all(Array.from({ length: 8 }, deploy));
    expect(lengths.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
}

describe('Postgres in this process', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await makeTemporaryDirectory();
  });

  afterAll(() => removeDirectory(directory));

  describe('in memory', () => {
    let memory: Database;

    behavesAsPromised(async () => (memory = await openDatabase({ kind: 'memory' })));

    it('starts from one database without templates, which each start would copy', async () => {
      expect(await memory.query('select datname from pg_database')).toEqual([{ datname: 'postgres' }]);
      expect((await emptyCluster()).size).toBeLessThan(20_000_000);
    });
  });

  describe('in a directory', () => {
    const path = () => join(directory, 'pglite');
    const lock = () => `${path()}.lock`;

    describe('that a dead process used', () => {
      behavesAsPromised(async () => {
        await writeFile(lock(), '999999999');
        return openDatabase({ kind: 'directory', path: path() });
      });

      it('is locked while open', async () => {
        expect(await readFile(lock(), 'utf8')).toBe(String(process.pid));
      });
    });

    it('is not locked after it was closed', () => {
      expect(existsSync(lock())).toBe(false);
    });
  });
});

describe('a Postgres server', () => {
  let postgres: PostgresProcess;

  beforeAll(async () => {
    postgres = await PostgresProcess.start();
  }, 60_000);

  afterAll(async () => {
    await postgres?.stop();
  });

  behavesAsPromised(() => openDatabase({ kind: 'server', url: postgres.url }));

  it('can be migrated by several instances at once', async () => {
    const url = new URL(postgres.url);
    const setup = await openDatabase({ kind: 'server', url: postgres.url });
    await setup.query('create database fresh');
    await setup.close();
    url.pathname = '/fresh';
    const all = await Promise.all([1, 2, 3].map(() => openDatabase({ kind: 'server', url: url.href })));
    expect(await all[0]!.query('select version from schema_version')).toEqual([{ version: 4 }]);
    await Promise.all(all.map((database) => database.close()));
  });

  it('keeps the deployments of other instances, and fails stalled ones', async () => {
    const database = await openDatabase({ kind: 'server', url: postgres.url });
    for (const [name, age] of Object.entries({ abandoned: '1 hour', alive: '1 second' })) {
      await database.query(`insert into apps (id, name, status, owner_id) values ($1, $1, 'deploying', 'u')`, [name]);
      await database.query(
        `insert into deployments (id, app_id, status, started_by, touched_at)
         values ($1, $1, 'building', 'u', now() - $2::interval)`,
        [name, age],
      );
    }
    const platform = await PlatformProcess.start({ env: { DATABASE_URL: postgres.url, TLS_PORT: '0' } });
    try {
      const { body } = await (await Api.signIn(platform, ADMIN)).get<object[]>('/api/apps');
      expect(body).toContainEqual(expect.objectContaining({ name: 'abandoned', status: 'failed' }));
      expect(body).toContainEqual(expect.objectContaining({ name: 'alive', status: 'deploying' }));
      await platform.stop();
      expect(await database.query('select status from deployments order by id')).toEqual([
        { status: 'failed' },
        { status: 'building' },
      ]);
    } finally {
      await platform.stop('SIGKILL');
      await database.close();
    }
  }, 60_000);

  it('serves the platform; while it is down, requests get 503, and the process stays up', async () => {
    const platform = await PlatformProcess.start({ env: { DATABASE_URL: postgres.url, DEPLOY_STEP_MS: '10' } });
    try {
      const admin = await Api.signIn(platform, ADMIN);
      const listener = await listen(platform.wssUrl, admin.token!, ['apps:*']);
      const { body: app } = await admin.post('/api/apps', { name: 'on a server' });
      await admin.post(`/api/apps/${String(app['id'])}/deploy`);
      await expectEvents(listener, [
        'apps:created created',
        'apps:status deploying',
        'apps:deployed',
        'apps:status running',
      ]);

      await postgres.stop();
      const ready = await fetch(`${platform.url}/health/ready`);
      expect([ready.status, await ready.json()]).toEqual([
        503,
        { status: 'unavailable', database: 'unavailable', realtime: 'ok' },
      ]);
      expect(await admin.get('/api/apps')).toEqual({
        status: 503,
        body: { statusCode: 503, error: 'Service Unavailable', message: 'The database is not available now' },
      });
      await listener.fence();
      await expect(platform.stop()).resolves.toBe(0);
    } finally {
      await platform.stop('SIGKILL');
    }
  }, 60_000);

  it('causes a specific error if it cannot be reached', async () => {
    const away = openDatabase({ kind: 'server', url: 'postgres://postgres@127.0.0.1:1/x' });
    await expect(away).rejects.toMatchObject({
      name: 'StartError',
      cause: expect.any(DatabaseUnavailableError) as Error,
    });
  });
});
