import { Logger } from '@nestjs/common';
import pg from 'pg';
import { pgListen, safely } from '../../realtime/index.js';
import { Database, DatabaseUnavailableError, type Statements } from './database.js';

/** Timeout for a connection, in milliseconds. */
const CONNECT_TIMEOUT_MS = 5_000;

const logger = new Logger('Database');

/** A Postgres server, through a connection pool. */
export class PostgresDatabase extends Database {
  readonly shared = true;
  readonly location: string;
  private readonly pool: pg.Pool;

  constructor(url: string) {
    super();
    const { host, pathname } = new URL(url);
    this.location = `Postgres at ${host}${pathname}`;
    this.pool = new pg.Pool({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
    // The pool replaces an idle connection that breaks. Without this listener, its error would end the process.
    this.pool.on(
      'error',
      safely('A lost connection', (error: Error) => logger.warn(`A connection was lost: ${error.message}`)),
    );
    // Postgres can close a new connection before `transaction` has added its error listener.
    this.pool.on(
      'connect',
      safely('A new connection', (client: pg.PoolClient) => void client.on('error', () => undefined)),
    );
  }

  async query<Row extends object>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    return run<Row>(this.pool, sql, parameters);
  }

  async transaction<T>(work: (statements: Statements) => Promise<T>): Promise<T> {
    const client = await this.connect();
    let broken = false;
    // A connection that breaks between two statements emits `error`. The next statement fails anyway.
    const onError = (): void => void (broken = true);
    client.on('error', onError);
    try {
      await run(client, 'begin');
      const result = await work({ query: (sql, parameters) => run(client, sql, parameters) });
      await run(client, 'commit');
      return result;
    } catch (error) {
      // A connection whose rollback fails is removed from the pool.
      await run(client, 'rollback').catch(() => (broken = true));
      throw error;
    } finally {
      if (!broken) client.off('error', onError);
      client.release(broken);
    }
  }

  listen(channel: string, callback: () => void): Promise<() => Promise<void>> {
    return pgListen(this.pool, channel, callback);
  }

  close(): Promise<void> {
    return this.pool.end();
  }

  private async connect(): Promise<pg.PoolClient> {
    try {
      return await this.pool.connect();
    } catch (error) {
      throw unavailable(error);
    }
  }
}

async function run<Row extends object>(
  client: pg.Pool | pg.PoolClient,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<Row[]> {
  try {
    return (await client.query<Row & pg.QueryResultRow>(sql, [...parameters])).rows;
  } catch (error) {
    // 57P…: the server is shutting down. Any other error that is not a DatabaseError comes from the connection.
    const isAnswer = error instanceof pg.DatabaseError && !error.code?.startsWith('57P');
    throw isAnswer ? error : unavailable(error);
  }
}

function unavailable(error: unknown): DatabaseUnavailableError {
  const { message, code } = error as { message: string; code?: string };
  // If several addresses refuse the connection, Node throws one error without a message.
  return new DatabaseUnavailableError(message === '' ? (code ?? 'no answer') : message, { cause: error });
}
