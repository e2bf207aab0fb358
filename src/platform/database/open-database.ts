import type { DatabaseLocation } from '../config/platform-config.js';
import { StartError } from '../config/start-error.js';
import type { Database } from './database.js';
import { DirectoryLock } from './directory-lock.js';
import { migrate } from './migrations.js';

/** Opens the database and migrates it to the newest version. @throws StartError if that fails */
export async function openDatabase(location: DatabaseLocation): Promise<Database> {
  const database = await open(location);
  try {
    await migrate(database);
    return database;
  } catch (error) {
    await database.close();
    if (location.kind !== 'server') throw error;
    throw new StartError(`DATABASE_URL: ${database.location} cannot be used: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}

async function open(location: DatabaseLocation): Promise<Database> {
  // Each start needs one of the two databases, so only that one is loaded.
  if (location.kind === 'server') {
    const { PostgresDatabase } = await import('./postgres.database.js');
    return new PostgresDatabase(location.url);
  }
  const { PgliteDatabase } = await import('./pglite.database.js');
  if (location.kind === 'memory') return PgliteDatabase.inMemory();
  const lock = DirectoryLock.take(location.path);
  try {
    return await PgliteDatabase.inDirectory(location.path, lock);
  } catch (error) {
    lock.release();
    throw new StartError(`DATA_DIR: the database in ${location.path} cannot be opened: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}
