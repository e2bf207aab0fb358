import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Tarball } from './pack.js';

const run = promisify(execFile);

/** Runs a program to its end. @returns its output @throws Error with its output if it fails */
export async function finish(
  program: string,
  args: readonly string[],
  cwd = '.',
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  try {
    const { stdout } = await run(program, args, { cwd, env, maxBuffer: 2 ** 26 });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

interface Needs {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** Packages that npm installs with the server's package: its dependencies and its required peers. */
export async function packagesNeeded(): Promise<string[]> {
  const { dependencies, peerDependencies, peerDependenciesMeta } = await readJson<Needs>('package.json');
  const peers = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true);
  return [...Object.keys(dependencies), ...peers];
}

/**
 * Creates an application outside the repository with only the tarballs and the named packages installed, so that an
 * undeclared dependency is missing. The files of the tarballs are hard links: do not change them.
 * @param folders folders with the packages; the first one that has a package is used
 */
export async function installed(
  root: string,
  tarballs: readonly Tarball[],
  packages: readonly string[],
  files: Readonly<Record<string, string>>,
  folders: readonly string[] = ['node_modules'],
): Promise<void> {
  for (const { name, folder } of tarballs) {
    const target = join(root, 'node_modules', name);
    await mkdir(target, { recursive: true });
    // Some systems have no hard links between these folders, or do not know the option.
    await finish('cp', ['-alT', folder, target]).catch(() => finish('cp', ['-R', `${folder}/.`, target]));
  }
  for (const name of packages) {
    const link = join(root, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    const folder = folders.find((candidate) => existsSync(join(candidate, name))) ?? 'node_modules';
    await symlink(resolve(folder, name), link);
  }
  const manifest = { name: 'an-application', private: true, type: 'module' };
  for (const [path, text] of Object.entries({ 'package.json': JSON.stringify(manifest), ...files })) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

export async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, 'utf8')) as T;
}

/** Returns the path of a program of a package, for node. */
export const bin = (path: string): string => resolve('node_modules', path);

/** Compiles a project with the TypeScript that a user of today has installed. */
export async function compileAsUsersDo(root: string): Promise<void> {
  await finish(process.execPath, [bin('typescript/bin/tsc'), '-p', '.'], root);
}

/**
 * Compiles a project with the native compiler, in a fifth of the CPU time: for specs that are not about TypeScript.
 * @returns its output, which is empty
 */
export function compileNatively(root: string, ...args: readonly string[]): Promise<string> {
  return finish(process.execPath, [bin('typescript7/bin/tsc'), '-p', '.', '--singleThreaded', ...args], root);
}
