/** Runs statements of SQL, with `$1`, `$2`… for the parameters. Text, numbers, booleans, `null`, dates and bytes go in. */
export interface Statements {
  /** @returns the rows; `timestamptz` comes as Date, `bytea` as Uint8Array, `jsonb` as what it holds */
  query<Row extends object>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
}

/**
 * The platform's data: one dialect of SQL, whether Postgres is a server or in this process. A service injects it by this
 * name and never learns which of them it has.
 */
export abstract class Database implements Statements {
  /** Whether other instances may work on the same data. */
  abstract readonly shared: boolean;

  /** Where the data is, for a person to read. */
  abstract readonly location: string;

  /** @throws DatabaseUnavailableError when it cannot be reached */
  abstract query<Row extends object>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;

  /**
   * All of `work`, or nothing: it is committed when `work` resolves, and rolled back when it rejects. Inside, only the
   * given statements may be used.
   * @throws DatabaseUnavailableError when it cannot be reached
   */
  abstract transaction<T>(work: (statements: Statements) => Promise<T>): Promise<T>;

  /**
   * Calls back at each notification (`NOTIFY`) of this name, once that is committed.
   * @returns what ends it
   */
  abstract listen(channel: string, callback: () => void): Promise<() => Promise<void>>;

  /** Ends it; nothing may be asked of it any more. */
  abstract close(): Promise<void>;

  /** Nest calls it last, when nobody is served any more. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }
}

/** The database cannot be reached now; the same may work later. */
export class DatabaseUnavailableError extends Error {
  override readonly name = 'DatabaseUnavailableError';
}

/** Whether a statement failed because there is such a row already. */
export function isDuplicate(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === '23505';
}
