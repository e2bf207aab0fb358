import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { StartError } from './start-error.js';

/** Reads the file that a variable names. @throws StartError with the variable and the reason */
export function readNamedFile(variable: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new StartError(`${variable} is ${JSON.stringify(path)}, which cannot be read: ${reason(error)}.`, {
      cause: error,
    });
  }
}

/** Returns the content of a file in the data directory; `null` if it does not exist. */
export function readPersisted(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw new StartError(`DATA_DIR: ${path} cannot be read: ${reason(error)}.`, { cause: error });
  }
}

/**
 * Writes a file that only its owner can read.
 * @param replace replaces an existing file atomically
 * @returns true if the file was written
 */
export function persist(path: string, text: string, { replace }: { replace: boolean }): boolean {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    if (replace) {
      const temporary = `${path}.${process.pid}`;
      writeFileSync(temporary, text, { mode: 0o600 });
      renameSync(temporary, path);
    } else {
      writeFileSync(path, text, { mode: 0o600, flag: 'wx' });
    }
    return true;
  } catch (error) {
    if (!replace && codeOf(error) === 'EEXIST') return false;
    throw new StartError(`DATA_DIR: ${path} cannot be written: ${reason(error)}.`, { cause: error });
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/**
 * Removes the path from a message such as `ENOENT: no such file or directory, open '…'`; the caller prints it already.
 */
function reason(error: unknown): string {
  return (error as Error).message.replace(/, \w+( '.*')?$/, '');
}
