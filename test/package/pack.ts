import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { finish, readJson } from './installed.js';

/** A package as `npm publish` packs it. */
export interface Tarball {
  readonly name: string;
  readonly path: string;
  /** The files of the tarball, extracted. Specs link them, because that takes a tenth of the CPU time. */
  readonly folder: string;
}

/** Tarballs of both packages, with the same version. */
export interface Tarballs {
  readonly server: Tarball;
  readonly client: Tarball;
}

const CACHE = resolve('node_modules/.cache/packages');

/** Inputs besides those that `files` in package.json names. */
const INPUTS = [
  ...['package.json', 'README.md', 'LICENSE', '.gitignore', '.npmignore', 'src/client/README.md'],
  ...['.ci/client-package.mjs', '.ci/client-peers.json', '.ci/packages.cjs', 'dist', 'docs'],
];

/** A hash of the paths and contents of files, and of all files in folders. */
function hashOf(paths: Iterable<string>): string {
  const hash = createHash('sha1');
  const add = (path: string): void => {
    if (!existsSync(path)) return;
    const isFolder = statSync(path).isDirectory();
    hash.update(`\0${path}\0${isFolder}\0`);
    if (isFolder) for (const name of readdirSync(path).toSorted()) add(join(path, name));
    else hash.update(readFileSync(path));
  };
  for (const path of paths) add(path);
  return hash.digest('hex');
}

/** Packs both packages from the last build, as `npm run pack` does. Specs share the tarballs of the same files. */
export async function pack(): Promise<Tarballs> {
  const { version, files } = await readJson<{ version: string; files: string[] }>('package.json');
  const tops = files.map((file) => file.split('/')[0]!);
  const folder = join(CACHE, hashOf(new Set([...INPUTS, ...tops])));
  if (!existsSync(folder)) await packInto(folder);
  const tarball = (name: string): Tarball => {
    const path = join(folder, `${name}-${version}.tgz`);
    return { name, path, folder: `${path}.extracted` };
  };
  return { server: tarball('nestjs-realtime'), client: tarball('nestjs-realtime-client') };
}

/** Fills the folder in one step: another worker can pack the same files at the same time. */
async function packInto(folder: string): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const outdated = await readdir(CACHE);
  const unfinished = await mkdtemp(join(CACHE, 'unfinished-'));
  try {
    const client = join(unfinished, 'client-package');
    await finish(process.execPath, ['.ci/client-package.mjs', client]);
    await finish('npm', [
      'pack',
      resolve('.'),
      client,
      '--ignore-scripts',
      '--silent',
      '--pack-destination',
      unfinished,
    ]);
    await rm(client, { recursive: true });
    for (const name of await readdir(unfinished)) {
      const extracted = join(unfinished, `${name}.extracted`);
      await mkdir(extracted);
      await finish('tar', ['xzf', join(unfinished, name), '--strip-components=1', '-C', extracted]);
    }
    await rename(unfinished, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  for (const name of outdated.filter((other) => !other.startsWith('unfinished-'))) {
    if (join(CACHE, name) !== folder) await rm(join(CACHE, name), { recursive: true, force: true });
  }
}
