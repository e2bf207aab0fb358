/** Runs SQL statements with parameters `$1`, `$2`…: strings, numbers, booleans, `null`, dates and bytes. */
export interface Statements {
  /** @returns the rows: `timestamptz` as Date, `bytea` as Uint8Array, `jsonb` parsed */
  query<Row extends object>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
}

/**
 * The platform's database: one SQL dialect, for a Postgres server and for Postgres in this process. Services inject
 * this class and do not depend on which of the two is used.
 */
export abstract class Database implements Statements {
  /** True if other instances can use the same data. */
  abstract readonly shared: boolean;

  /** Human-readable location of the data. */
  abstract readonly location: string;

  /** @throws DatabaseUnavailableError if the database cannot be reached */
  abstract query<Row extends object>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;

  /**
   * Runs `work` in a transaction: commits when `work` resolves, rolls back when it rejects. `work` must use only the
   * given statements.
   * @throws DatabaseUnavailableError if the database cannot be reached
   */
  abstract transaction<T>(work: (statements: Statements) => Promise<T>): Promise<T>;

  /**
   * Calls back for each committed notification (`NOTIFY`) of this name.
   * @returns a function that stops listening
   */
  abstract listen(channel: string, callback: () => void): Promise<() => Promise<void>>;

  /** Closes the database. No other method can be called afterwards. */
  abstract close(): Promise<void>;

  /** Called by Nest last, after all requests have ended. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }
}

/** The database is unreachable. The same statement can succeed later. */
export class DatabaseUnavailableError extends Error {
  override readonly name = 'DatabaseUnavailableError';
}

/** Returns true if a statement violated a unique constraint. */
export function isDuplicate(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === '23505';
}
