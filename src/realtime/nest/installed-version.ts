import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * Returns the version of an installed package, resolved from this package.
 * @returns `null` if its manifest is not on the disk, as in an application that is bundled into one file
 */
export function installedVersion(name: string): string | null {
  try {
    let folder = dirname(createRequire(import.meta.url).resolve(name));
    for (; folder !== dirname(folder); folder = dirname(folder)) {
      const manifest = manifestIn(folder);
      if (manifest?.name === name) return manifest.version ?? null;
    }
  } catch {
    // The package is not installed, or there are no files.
  }
  return null;
}

function manifestIn(folder: string): { readonly name?: string; readonly version?: string } | null {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: string; version?: string };
  } catch {
    return null; // the parent folder may have one
  }
}
