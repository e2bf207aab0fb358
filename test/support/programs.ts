import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Finds a program on the PATH.
 * @param names its names on different systems
 * @param debianPackage package to install, for the error message
 */
export function findProgram(names: readonly string[], debianPackage: string): string {
  const directories = (process.env['PATH'] ?? '').split(delimiter);
  const found = directories
    .flatMap((directory) => names.map((name) => join(directory, name)))
    .find((file) => existsSync(file));
  if (found === undefined) {
    throw new Error(`There is no ${names.join(' and no ')}: install the Debian package "${debianPackage}"`);
  }
  return found;
}
