import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Where on the PATH a program is.
 * @param names what it is called, here or there
 * @param debianPackage what brings it, for the sentence of the failure
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
