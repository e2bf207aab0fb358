import { safely } from '../observability/run-safely.js';

/** A client of a pool of `pg`, as far as the outbox needs it. */
export interface PgClient {
  query<Row extends object>(sql: string, parameters?: unknown[]): Promise<{ readonly rows: Row[] }>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'notification', listener: () => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
  release(broken?: Error | boolean): void;
}

/** A pool of `pg`, as far as the outbox needs it: so the package depends on no version of it, nor on its types. */
export interface PgPool {
  query<Row extends object>(sql: string, parameters?: unknown[]): Promise<{ readonly rows: Row[] }>;
  connect(callback: (error: Error | undefined, client: PgClient | undefined) => void): void;
}

/** Runs one statement of SQL, with `$1`, `$2`… for the parameters: a client of `pg`, TypeORM's manager, or a function of your own. */
export interface OutboxStatements {
  query(sql: string, parameters: unknown[]): Promise<unknown>;
}

/** Statements whose answer is the rows. */
export interface OutboxRows {
  query<Row extends object>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
}

/** The Postgres that holds the outbox, as the relay needs it. {@link pgOutboxDatabase} makes one of a pool of `pg`. */
export interface OutboxDatabase extends OutboxRows {
  /** False if no other process uses the same data: then no transaction is held while events are sent. @default true */
  readonly shared?: boolean;

  /** All of `work` on one connection, committed when it resolves, rolled back when it rejects. */
  transaction<T>(work: (statements: OutboxRows) => Promise<T>): Promise<T>;

  /**
   * `LISTEN`: calls back at each notification. Without it, or while its connection is broken, the relay polls.
   * @returns a function that stops it
   */
  listen?(channel: string, callback: () => void): Promise<() => Promise<void>>;
}

/** How long to wait before a broken `LISTEN` is begun again, in milliseconds. */
/** The entry point, for the log. */
const LISTEN = 'LISTEN of the outbox';
const LISTEN_AGAIN_MS = 1_000;

/** The outbox in the database of a pool of `pg`; `LISTEN` takes one connection of it for good. */
export function pgOutboxDatabase(pool: PgPool): OutboxDatabase {
  return {
    async query<Row extends object>(sql: string, parameters: readonly unknown[] = []) {
      return (await pool.query<Row>(sql, [...parameters])).rows;
    },
    transaction: (work) => pgTransaction(pool, work),
    listen: (channel, callback) => pgListen(pool, channel, callback),
  };
}

/**
 * Takes a connection out of a pool. Postgres can end it in the same turn in which it is made, so it has its listener from
 * the start: an `error` without one ends the process.
 */
function connectTo(pool: PgPool, onError: (error: Error) => void): Promise<PgClient> {
  return new Promise((resolve, reject) => {
    pool.connect((error, client) => {
      if (client === undefined) {
        reject(error ?? new Error('The pool has no connection'));
        return;
      }
      client.on('error', onError);
      resolve(client);
    });
  });
}

async function pgTransaction<T>(pool: PgPool, work: (statements: OutboxRows) => Promise<T>): Promise<T> {
  let broken: Error | undefined;
  const onError = (error: Error): void => void (broken = error);
  const client = await connectTo(pool, onError);
  try {
    await client.query('begin');
    const result = await work({
      query: async <Row extends object>(sql: string, parameters: readonly unknown[] = []) =>
        (await client.query<Row>(sql, [...parameters])).rows,
    });
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((failure: Error) => (broken = failure));
    throw error;
  } finally {
    // A broken connection can emit more than one error.
    if (broken === undefined) client.off('error', onError);
    client.release(broken);
  }
}

/**
 * `LISTEN` on a separate connection, restarted whenever it breaks; each restart calls back once, because notifications
 * may have been missed.
 * @param pool provides the connection
 * @returns a function that stops it
 */
export async function pgListen(pool: PgPool, channel: string, callback: () => void): Promise<() => Promise<void>> {
  let ended = false;
  let client: PgClient | null = null;
  let timer: NodeJS.Timeout | undefined;
  const again = (): void => {
    client = null;
    if (!ended) timer = setTimeout(safely(LISTEN, begin), LISTEN_AGAIN_MS).unref();
  };
  const begin = async (): Promise<void> => {
    let fresh: PgClient | null = null;
    let isBroken = false;
    const onError = safely(LISTEN, () => {
      isBroken = true;
      if (fresh === null || client !== fresh) return; // not taken yet, or reported before
      again();
      fresh.release(true);
    });
    try {
      fresh = await connectTo(pool, onError);
      if (ended) return fresh.release(true);
      client = fresh;
      if (isBroken) return onError();
      fresh.on('notification', safely(LISTEN, callback));
      await fresh.query(`listen "${channel}"`);
      callback();
    } catch {
      if (client === null) again(); // otherwise its own error says so
    }
  };
  await begin();
  return async () => {
    ended = true;
    clearTimeout(timer);
    const last = client;
    client = null; // after several errors the connection is released once
    last?.release(true);
  };
}
