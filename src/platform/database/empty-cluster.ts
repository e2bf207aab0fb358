import { PGlite } from '@electric-sql/pglite';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The `node_modules` folder that contains PGlite. The cached archive lives there too. */
const PACKAGES = join(dirname(createRequire(import.meta.url).resolve('@electric-sql/pglite')), '../../..');

/**
 * Returns an empty Postgres cluster, as the archive of a data directory. Databases in memory start from it.
 * PGlite needs several seconds to create one, and tests start dozens. So the archive is cached in `node_modules`, if
 * that is writable, once per version of PGlite. It is not compressed, because unpacking would take longer than
 * everything else.
 */
export async function emptyCluster(): Promise<Blob> {
  const path = join(PACKAGES, '.cache', 'nestjs-realtime', `empty-cluster-${await version()}-one-database.tar`);
  const kept = await readFile(path).catch(() => null);
  if (kept !== null) return new Blob([kept]);
  const made = await makeCluster();
  await keep(path, made).catch(() => undefined); // created again next time
  return new Blob([made]);
}

async function version(): Promise<string> {
  const text = await readFile(join(PACKAGES, '@electric-sql/pglite/package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

async function makeCluster(): Promise<Uint8Array<ArrayBuffer>> {
  // The log's first segment is a third of the archive at its default size of 16 MB.
  const pglite = await PGlite.create({ initDbStartParams: ['--wal-segsize=1'] });
  // Each template is 7.5 MB, which a start would copy several times. Only `create database` needs them.
  for (const template of ['template0', 'template1']) {
    await pglite.exec(`alter database ${template} is_template false`);
    await pglite.exec(`drop database ${template}`);
  }
  const archive = await pglite.dumpDataDir('none');
  await pglite.close();
  return new Uint8Array(await archive.arrayBuffer());
}

/** Safe for several processes at once: each writes a whole temporary file and renames it. The last one wins. */
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
