import { safely } from '../../observability/run-safely.js';

/** The part of a `pg` pool client that the outbox uses. */
export interface PgClient {
  query<Row extends object>(sql: string, parameters?: unknown[]): Promise<{ readonly rows: Row[] }>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'notification', listener: () => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
  release(broken?: Error | boolean): void;
}

/** The part of a `pg` pool that the outbox uses, so that the package does not depend on a version of `pg` or on its types. */
export interface PgPool {
  query<Row extends object>(sql: string, parameters?: unknown[]): Promise<{ readonly rows: Row[] }>;
  connect(callback: (error: Error | undefined, client: PgClient | undefined) => void): void;
}

/** Runs one SQL statement, with `$1`, `$2`… for the parameters: a client of `pg`, TypeORM's manager, or a custom function. */
export interface OutboxStatements {
  query(sql: string, parameters: unknown[]): Promise<unknown>;
}

/** Runs SQL statements and returns the rows. */
export interface OutboxRows {
  query<Row extends object>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
}

/** The Postgres database of the outbox, as used by the relay. {@link pgOutboxDatabase} creates one from a `pg` pool. */
export interface OutboxDatabase extends OutboxRows {
  /** False if no other process uses the same data; then no transaction is open while events are sent. @default true */
  readonly shared?: boolean;

  /** Runs `work` on one connection. Commits when it resolves, and rolls back when it rejects. */
  transaction<T>(work: (statements: OutboxRows) => Promise<T>): Promise<T>;

  /**
   * `LISTEN`: calls back for each notification. Without it, or while its connection is broken, the relay polls.
   * @returns a function that stops it
   */
  listen?(channel: string, callback: () => void): Promise<() => Promise<void>>;
}

/** Delay before a broken `LISTEN` is restarted, in milliseconds. */
/** Name of the entry point, for the log. */
const LISTEN = 'LISTEN of the outbox';
const LISTEN_AGAIN_MS = 1_000;

/** Creates the database of an outbox from a `pg` pool. `LISTEN` holds one connection of the pool permanently. */
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
 * Takes a connection from a pool. Postgres can end it in the same turn, so it has an error listener from the start: an
 * `error` without a listener ends the process.
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
 * Runs `LISTEN` on a separate connection, and restarts it whenever it breaks. Each restart calls back once, because
 * notifications may have been missed.
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
      if (fresh === null || client !== fresh) return; // not in use yet, or reported before
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
      if (client === null) again(); // otherwise the connection's `error` event restarts it
    }
  };
  await begin();
  return async () => {
    ended = true;
    clearTimeout(timer);
    const last = client;
    client = null; // the connection is released only once, even after several errors
    last?.release(true);
  };
}
