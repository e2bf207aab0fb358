import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
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

/** A copy of the build: a rebuild does not affect it, and it can be patched. */
export class Build {
  private constructor(
    private readonly root: string,
    readonly dist: string,
  ) {}

  /** @param from directory of the build. @default `FAULT_DIST`, or `dist` */
  static async copy(patches: readonly Patch[] = [], from = process.env['FAULT_DIST'] ?? 'dist'): Promise<Build> {
    const source = resolve(from);
    if (!existsSync(join(source, 'main.js'))) throw new Error(`There is no ${from}/main.js: run "npm run build" first`);
    const root = await makeTemporaryDirectory();
    const dist = join(root, 'dist');
    await cp(source, dist, { recursive: true });
    await cp('package.json', join(root, 'package.json'));
    await symlink(resolve('node_modules'), join(root, 'node_modules'));
    const build = new Build(root, dist);
    try {
      for (const patch of patches) await build.apply(patch);
    } catch (error) {
      await build.remove();
      throw error;
    }
    return build;
  }

  remove(): Promise<void> {
    return removeDirectory(this.root);
  }

  private async apply(patch: Patch): Promise<void> {
    await writeFile(join(this.dist, patch.file), await patchedText(patch, this.dist));
  }
}

/**
 * Returns the content of a file of the build after a patch. Tests use it to check that a mutant still applies, without
 * copying the build.
 * @throws if the text does not occur exactly once
 */
export async function patchedText({ file, find, replace }: Patch, dist = 'dist'): Promise<string> {
  const text = await readFile(join(dist, file), 'utf8');
  const parts = text.split(find);
  if (parts.length !== 2) throw new Error(`${file} holds ${parts.length - 1} times, not once: ${find}`);
  return parts.join(replace);
}
