import { PGlite } from '@electric-sql/pglite';
import { setFlagsFromString } from 'node:v8';
import { Database, type Statements } from './database.js';
import type { DirectoryLock } from './directory-lock.js';
import { emptyCluster } from './empty-cluster.js';

/** Returns the settings of the server. Postgres fills its shared buffers with zeros; the default of 128 MB is for large data. */
const withBuffers = (size: string) => ({
  startParams: [...PGlite.defaultStartParams, '-c', `shared_buffers=${size}`],
});

/**
 * V8 compiles the WebAssembly of Postgres with its baseline compiler only. Optimizing it in the background would cost 1.6 s
 * of CPU and 100 MB at each start; a query takes 0.39 ms instead of 0.36 ms.
 */
setFlagsFromString('--liftoff-only');

/** Postgres in this process, with its files in a directory or in memory. */
export class PgliteDatabase extends Database {
  readonly shared = false;

  private constructor(
    private readonly pglite: PGlite,
    readonly location: string,
    private readonly lock: DirectoryLock | null,
  ) {
    super();
  }

  static async inMemory(): Promise<PgliteDatabase> {
    // The files are in memory, too: larger buffers would only hold a second copy of them.
    const pglite = await PGlite.create({ ...withBuffers('4MB'), loadDataDir: await emptyCluster() });
    return new PgliteDatabase(pglite, 'Postgres in this process, in memory', null);
  }

  /** @param lock released when the database is closed */
  static async inDirectory(path: string, lock: DirectoryLock): Promise<PgliteDatabase> {
    return new PgliteDatabase(
      await PGlite.create(path, withBuffers('16MB')),
      `Postgres in this process, in ${path}`,
      lock,
    );
  }

  async query<Row extends object>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    return (await this.pglite.query<Row>(sql, [...parameters])).rows;
  }

  transaction<T>(work: (statements: Statements) => Promise<T>): Promise<T> {
    return this.pglite.transaction((transaction) =>
      work({
        query: async <Row extends object>(sql: string, parameters: readonly unknown[] = []) =>
          (await transaction.query<Row>(sql, [...parameters])).rows,
      }),
    );
  }

  listen(channel: string, callback: () => void): Promise<() => Promise<void>> {
    return this.pglite.listen(channel, callback);
  }

  async close(): Promise<void> {
    await this.pglite.close();
    this.lock?.release();
  }
}
