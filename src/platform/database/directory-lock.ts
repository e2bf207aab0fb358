import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { StartError } from '../config/start-error.js';

/** Locks the data directory of an in-process Postgres. A second process on the same files would corrupt them. */
export class DirectoryLock {
  private constructor(private readonly file: string) {}

  /** @throws StartError if another living process holds the lock */
  static take(directory: string): DirectoryLock {
    const file = `${directory}.lock`;
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    if (!create(file)) {
      const holder = Number(readFileSync(file, 'utf8'));
      if (isAlive(holder)) {
        throw new StartError(
          `DATA_DIR: ${directory} is in use by the process ${holder}. Give this one another DATA_DIR, or DATABASE_URL. (If that process is something else, remove ${file}.)`,
        );
      }
      rmSync(file, { force: true });
      if (!create(file)) throw new StartError(`DATA_DIR: another process just took ${directory}. Try again.`);
    }
    return new DirectoryLock(file);
  }

  release(): void {
    rmSync(this.file, { force: true });
  }
}

function create(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { mode: 0o600, flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new StartError(`DATA_DIR: ${file} cannot be written: ${(error as Error).message}.`, { cause: error });
  }
}

/** A lock with our own pid is stale: in containers, an earlier process often had the same pid. */
function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
