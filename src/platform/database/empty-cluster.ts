import { PGlite } from '@electric-sql/pglite';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The folder of packages that PGlite was installed into: what is made of a package is kept where packages are. */
const PACKAGES = join(dirname(createRequire(import.meta.url).resolve('@electric-sql/pglite')), '../../..');

/**
 * An empty cluster of Postgres, as the archive of a data directory. To make one takes PGlite several seconds: it is kept
 * beside the packages, one for each version, where that may be written, and not compressed: to unpack it would take longer than
 * all else. Databases in memory begin with it, which tests start by the dozen.
 */
export async function emptyCluster(): Promise<Blob> {
  const path = join(PACKAGES, '.cache', 'nestjs-realtime', `empty-cluster-${await version()}.tar`);
  const kept = await readFile(path).catch(() => null);
  if (kept !== null) return new Blob([kept]);
  const made = await makeCluster();
  await keep(path, made).catch(() => undefined); // it is made again next time
  return new Blob([made]);
}

async function version(): Promise<string> {
  const text = await readFile(join(PACKAGES, '@electric-sql/pglite/package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

async function makeCluster(): Promise<Uint8Array<ArrayBuffer>> {
  const pglite = await PGlite.create();
  const archive = await pglite.dumpDataDir('none');
  await pglite.close();
  return new Uint8Array(await archive.arrayBuffer());
}

/** Several processes may do this at once: each writes a whole file, and the last one stays. */
async function keep(path: string, archive: Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, archive);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}
