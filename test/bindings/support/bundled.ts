import { build } from 'esbuild';
import { readFile } from 'node:fs/promises';
import { runInThisContext } from 'node:vm';
import { compile } from 'svelte/compiler';

/**
 * Bundles a page and loads it. In Node, frameworks load their version for servers; the condition `browser` selects the
 * other one.
 * @param side side for which components are compiled and packages are chosen
 */
export async function bundled<Exports>(page: string, side: 'client' | 'server' = 'client'): Promise<Exports> {
  const { outputFiles = [] } = await build({
    entryPoints: [page],
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    conditions: [...(side === 'client' ? ['browser'] : []), 'production'],
    define: side === 'client' ? { 'globalThis.window': 'globalThis', 'process.env.NODE_ENV': '"production"' } : {},
    plugins: [
      {
        name: 'svelte',
        setup(bundler) {
          bundler.onLoad({ filter: /\.svelte$/ }, async ({ path }) => {
            const { js } = compile(await readFile(path, 'utf8'), { filename: path, generate: side });
            return { contents: js.code, loader: 'ts' };
          });
        },
      },
    ],
  });
  const module = { exports: {} as Exports };
  const run = runInThisContext(`(module, exports, require) => {${outputFiles[0]!.text}}`, { filename: page }) as (
    module: { exports: Exports },
    exports: Exports,
    require: NodeJS.Require,
  ) => void;
  run(module, module.exports, (await import('node:module')).createRequire(import.meta.url));
  return module.exports;
}
