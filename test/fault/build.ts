import { build as esbuild, type Plugin } from 'esbuild';
import { existsSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';

/** A replacement in a file of the build. */
export interface Patch {
  /** Path in `dist`. */
  readonly file: string;
  /** Text that must occur exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** Disables direct writes, so that all frames go through `ws`. */
export const FALLBACK: Patch = {
  file: 'realtime/connections/web-socket-transport.js',
  find: 'let directWrites = true;',
  replace: 'let directWrites = false;',
};

/** The program of an `Instance`. It imports the module as `nestjs-realtime`, as every program does. */
const APPLICATION = 'test/fault/application.mjs';

/** Packages that Nest loads if they are installed. Most applications do not have them, and they take long to load. */
const OPTIONAL = /^@(?:nestjs\/(?:microservices|platform-socket\.io)|fastify\/static)(?:\/|$)/;

/** Makes a package appear as not installed. */
const ABSENT = `throw Object.assign(new Error('not installed'), { code: 'MODULE_NOT_FOUND' });`;

/** CommonJS packages in an ES module find Node's own modules by this. */
const REQUIRE = `import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);`;

export interface BuildOptions {
  /** Directory of the build. @default `FAULT_DIST`, or `dist` */
  readonly from?: string | undefined;
  /** @default the program of an `Instance` */
  readonly program?: string;
}

/**
 * A program of the fault suite and the built module as one file: a process of 1,200 files takes two more seconds of CPU
 * to start, and a run starts dozens. A rebuild of the module does not affect it, and it can be patched.
 */
export class Build {
  /** @param dist directory of the bundled program */
  private constructor(readonly dist: string) {}

  static async make(
    patches: readonly Patch[] = [],
    { from, program = APPLICATION }: BuildOptions = {},
  ): Promise<Build> {
    const dist = resolve(from ?? process.env['FAULT_DIST'] ?? 'dist');
    const index = join(dist, 'realtime/index.js');
    if (!existsSync(index)) throw new Error(`There is no ${index}: run "npm run build" first`);
    const patched = new Map<string, string>();
    for (const patch of patches) {
      const path = join(dist, patch.file);
      patched.set(path, withPatch(patched.get(path) ?? (await readFile(path, 'utf8')), patch));
    }
    const build = new Build(await makeTemporaryDirectory());
    try {
      await symlink(resolve('node_modules'), join(build.dist, 'node_modules')); // Nest's version is read from it
      await bundle(resolve(program), index, patched, build.dist);
      return build;
    } catch (error) {
      await build.remove();
      throw error;
    }
  }

  remove(): Promise<void> {
    return removeDirectory(this.dist);
  }
}

/** @param patched text of a file instead of its content */
async function bundle(
  program: string,
  index: string,
  patched: ReadonlyMap<string, string>,
  outdir: string,
): Promise<void> {
  const plugin: Plugin = {
    name: 'patched build',
    setup(bundler) {
      bundler.onResolve({ filter: OPTIONAL }, ({ path }) => ({ path, namespace: 'absent' }));
      bundler.onLoad({ filter: /./, namespace: 'absent' }, () => ({ contents: ABSENT }));
      for (const [file, contents] of patched) {
        bundler.onLoad({ filter: new RegExp(`[\\\\/]${basename(file)}$`) }, ({ path }) =>
          path === file ? { contents } : undefined,
        );
      }
    },
  };
  await esbuild({
    ...{ entryPoints: [program], outdir, outExtension: { '.js': '.mjs' }, plugins: [plugin] },
    ...{ bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'error' },
    ...{ alias: { 'nestjs-realtime': index }, banner: { js: REQUIRE } },
  });
}

/**
 * Returns the content of a file of the build after a patch. Tests use it to check that a mutant still applies, without
 * copying the build.
 * @throws if the text does not occur exactly once
 */
export async function patchedText(patch: Patch, dist = 'dist'): Promise<string> {
  return withPatch(await readFile(join(dist, patch.file), 'utf8'), patch);
}

function withPatch(text: string, { file, find, replace }: Patch): string {
  const parts = text.split(find);
  if (parts.length !== 2) throw new Error(`${file} holds ${parts.length - 1} times, not once: ${find}`);
  return parts.join(replace);
}
