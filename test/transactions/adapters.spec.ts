import { sql as drizzleSql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { Kysely, PostgresDialect, sql as kyselySql } from 'kysely';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { bindTransactions, type EventsPublisher } from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import type { WsClient } from '../support/ws-client.js';
import { PostgresProcess } from '../support/postgres-process.js';
import { openPrisma } from './prisma-client.js';

/** Adapter of a library: `run` receives functions that run a statement in the transaction and that begin a savepoint. */
type Run = (statement: (sql: string) => Promise<unknown>, savepoint?: Transaction) => Promise<unknown>;
type Transaction = (run: Run) => Promise<unknown>;

interface Library {
  readonly name: string;
  readonly open: (pool: pg.Pool, url: string, events: EventsPublisher) => Promise<Transaction>;
}

const LIBRARIES: readonly Library[] = [
  {
    name: 'TypeORM',
    open: async (_pool, url, events) => {
      const source = await new DataSource({ type: 'postgres', url }).initialize();
      closing.push(() => source.destroy());
      bindTransactions(source.manager, events);
      const begin = (manager: typeof source.manager | DataSource): Transaction => {
        return (run) => manager.transaction((inner) => run((sql) => inner.query(sql), begin(inner)));
      };
      return begin(source); // as Nest injects it
    },
  },
  {
    name: 'Drizzle',
    open: async (pool, _url, events) => {
      type Begin = Pick<ReturnType<typeof drizzle>, 'transaction'>;
      const begin = (db: Begin): Transaction => {
        return (run) => db.transaction((inner) => run((sql) => inner.execute(drizzleSql.raw(sql)), begin(inner)));
      };
      return begin(bindTransactions(drizzle(pool), events));
    },
  },
  {
    name: 'Prisma',
    open: async (_pool, url, events) => {
      const client = openPrisma(url);
      closing.push(() => client.$disconnect());
      const begin = (db: typeof client): Transaction => {
        return (run) => db.$transaction((inner) => run(async (sql) => inner.$executeRawUnsafe(sql), begin(inner)));
      };
      return begin(bindTransactions(client, events));
    },
  },
  {
    name: 'Kysely',
    open: async (pool, _url, events) => {
      const db = bindTransactions(new Kysely<object>({ dialect: new PostgresDialect({ pool }) }), events);
      return (run) =>
        db
          .transaction()
          .setIsolationLevel('read committed')
          .execute((inner) => run((sql) => kyselySql.raw(sql).execute(inner)));
    },
  },
  {
    name: 'pg, manually',
    open: async (pool, _url, events) => {
      return (run) =>
        events.transaction(async () => {
          const client = await pool.connect();
          try {
            await client.query('begin');
            const result = await run((sql) => client.query(sql));
            await client.query('commit');
            return result;
          } catch (error) {
            await client.query('rollback');
            throw error;
          } finally {
            client.release();
          }
        });
    },
  },
];

const closing: (() => Promise<unknown>)[] = [];

describe('an event in a transaction', () => {
  let postgres: PostgresProcess;
  let pool: pg.Pool;
  let app: RealtimeApp;
  let client: WsClient;

  beforeAll(async () => {
    [postgres, app] = await Promise.all([PostgresProcess.start(), RealtimeApp.start()]);
    pool = new pg.Pool({ connectionString: postgres.url });
    // `end()` resolves while connections are still closing, so the server can be the one that closes them.
    pool.on('error', () => undefined);
    await pool.query('create table things (name text primary key)');
    client = await app.connectAs();
    await client.ask({ type: 'subscribe', channel: 'apps:created' });
  }, 60_000);

  afterAll(async () => {
    for (const close of closing.toReversed()) await close();
    await pool?.end();
    await app?.close();
    await postgres?.stop();
  });

  const nextMessage = async (): Promise<string> => {
    const { data } = await client.next('event');
    return (data as { name: string }).name;
  };
  const stored = async (prefix: string): Promise<string[]> => {
    const { rows } = await pool.query<{ name: string }>(
      `select name from things where name like '${prefix}%' order by 1`,
    );
    return rows.map(({ name }) => name);
  };

  it.each(LIBRARIES)(
    'is sent after the commit, and never after a rollback: $name',
    async ({ name: library, open }) => {
      const transaction = await open(pool, postgres.url, app.events);
      const write = async (statement: (sql: string) => Promise<unknown>, name: string): Promise<void> => {
        await statement(`insert into things values ('${library} ${name}')`);
        app.events.afterCommit('apps:created', { id: name, name: `${library} ${name}` });
      };

      await transaction(async (statement) => {
        await write(statement, 'a');
        await client.expectNone('event');
        expect(await stored(library)).toEqual([]);
        await write(statement, 'b');
      });
      expect([await nextMessage(), await nextMessage()]).toEqual([`${library} a`, `${library} b`]);

      const failing = transaction(async (statement) => {
        await write(statement, 'never');
        throw new Error('changed my mind');
      });
      await expect(failing).rejects.toThrow('changed my mind');
      // A failed statement aborts the transaction, and so does a refused commit.
      await expect(transaction((statement) => write(statement, 'a'))).rejects.toThrow(
        /duplicate key value|insert into things/,
      );
      await client.expectNone('event');
      expect(await stored(library)).toEqual([`${library} a`, `${library} b`]);

      // Many concurrent transactions on several connections: each has only its own events.
      const one = async (index: number): Promise<void> => {
        await transaction(async (statement) => {
          await write(statement, `many ${index}`);
          if (index % 3 === 0) throw new Error('changed my mind');
        });
      };
      await Promise.allSettled(Array.from({ length: 12 }, (_, index) => one(index)));
      const received = await Promise.all(Array.from({ length: 8 }, nextMessage));
      expect(received.toSorted()).toEqual(await stored(`${library} many`));
      await client.expectNone('event');
    },
    30_000,
  );

  it.each(LIBRARIES.slice(0, 3))(
    'of a savepoint waits for the transaction around it: $name',
    async ({ name, open }) => {
      const transaction = await open(pool, postgres.url, app.events);
      const tell = (what: string): void =>
        app.events.afterCommit('apps:created', { id: what, name: `${name} ${what}` });
      await transaction(async (_statement, savepoint) => {
        await savepoint!(async () => tell('inner'));
        const failing = savepoint!(async () => {
          tell('never');
          throw new Error('changed my mind');
        });
        await expect(failing).rejects.toThrow('changed my mind');
        await client.expectNone('event');
        // Another transaction of the client has a separate connection and commit.
        await transaction(async () => tell('independent'));
        expect(await nextMessage()).toBe(`${name} independent`);
        tell('outer');
      });
      expect([await nextMessage(), await nextMessage()]).toEqual([`${name} inner`, `${name} outer`]);
      await client.expectNone('event');
    },
  );

  it('does not change Prisma transactions that take a list of statements', async () => {
    const prisma = bindTransactions(openPrisma(postgres.url), app.events);
    closing.push(() => prisma.$disconnect());
    const insert = (name: string) => prisma.$executeRawUnsafe(`insert into things values ('list ${name}')`);
    expect(await prisma.$transaction([insert('a'), insert('b')])).toEqual([1, 1]);
    await expect(prisma.$transaction([insert('c'), insert('a')])).rejects.toThrow('duplicate key value');
    expect(await stored('list')).toEqual(['list a', 'list b']);
  });

  it('is also sent for a client from Prisma’s $extends on a bound one, and the extension works in the transaction', async () => {
    const prisma = bindTransactions(openPrisma(postgres.url), app.events);
    closing.push(() => prisma.$disconnect());
    const seen: string[] = [];
    const query = ({
      operation,
      args,
      query: run,
    }: {
      operation: string;
      args: unknown;
      query: (args: unknown) => unknown;
    }) => {
      seen.push(operation);
      return run(args);
    };
    const extended = prisma.$extends({ query: { $allOperations: query } });
    await extended.$transaction(async (inner) => {
      await inner.$executeRawUnsafe(`insert into things values ('extended')`);
      app.events.afterCommit('apps:created', { id: '1', name: 'extended' });
    });
    expect(await nextMessage()).toBe('extended');
    expect(seen).toEqual(['$executeRawUnsafe']);
  });

  it('is refused at once if it cannot be sent, so that no change is stored without its event', async () => {
    const channel = 'no:such' as string as 'apps:created';
    const failing = app.events.transaction(async () => app.events.afterCommit(channel, { id: '1', name: 'x' }));
    await expect(failing).rejects.toThrow('channel is not registered: "no:such"');
    const forgotten = app.events.transaction(async () =>
      app.events.afterCommit('apps:created', Promise.resolve() as never),
    );
    await expect(forgotten).rejects.toThrow('data cannot hold a Promise (data): await it before');
  });

  it('is sent before the application has shut down', async () => {
    const ending = await RealtimeApp.start();
    const listener = await ending.connectAs();
    await listener.ask({ type: 'subscribe', channel: 'apps:created' });
    await ending.events.transaction(async () => ending.events.afterCommit('apps:created', { id: '1', name: 'last' }));
    await ending.close();
    expect((await listener.next('event')).data).toMatchObject({ name: 'last' });
  });

  it('needs a client with transactions', () => {
    expect(() => bindTransactions({}, app.events)).toThrow('has no method transaction() or $transaction()');
  });
});
