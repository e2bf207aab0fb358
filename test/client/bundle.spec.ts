import { build } from 'esbuild';
import { builtinModules } from 'node:module';
import { gzipSync } from 'node:zlib';

/** At most this much, minified and by gzip -9, in bytes; docs/client.md says what it buys. */
const MAX_CORE_BYTES = 7_700;

interface Bundle {
  readonly gzipped: number;
  /** Files that are in it. */
  readonly files: readonly string[];
}

/** What a page gets that imports this. */
async function bundle(contents: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: '.', loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    metafile: true,
    // Named in the answer instead of a failure, so that the test says who leaked.
    external: builtinModules.flatMap((name) => [name, `node:${name}`]),
  });
  const [output] = Object.values(metafile.outputs);
  const inputs = Object.entries(output!.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  return {
    gzipped: gzipSync(outputFiles[0]!.contents, { level: 9 }).length,
    files: [...inputs.map(([file]) => file), ...output!.imports.map(({ path }) => path)].filter(
      (file) => file !== '<stdin>',
    ),
  };
}

const strangers = (files: readonly string[]): string[] =>
  files.filter((file) => !/^src\/(client|protocol)\//.test(file));

describe('what a page gets', () => {
  it(`of createRealtimeClient: at most ${MAX_CORE_BYTES} bytes, and nothing that is not the client's`, async () => {
    const { gzipped, files } = await bundle(`export { createRealtimeClient } from './src/client/index.ts'`);
    expect(strangers(files)).toEqual([]);
    for (const file of ['follow', 'events', 'iterate', 'observe', 'subscribed', 'token-via']) {
      expect(files).not.toContain(`src/client/${file}.ts`); // what is not asked for is not in it
    }
    expect(files).not.toContain('src/protocol/codec.ts');
    expect(gzipped).toBeLessThanOrEqual(MAX_CORE_BYTES);
  });

  it.each(['client', 'protocol'])(
    'of all that %s exports: no server code, no package, nothing of Node',
    async (room) => {
      const { files } = await bundle(`export * from './src/${room}/index.ts'`);
      expect(strangers(files)).toEqual([]);
    },
  );

  it('is checked by a check that names what leaked', async () => {
    const { files } = await bundle(`import './src/realtime/options/options-from-env.ts'; import 'node:fs';`);
    expect(strangers(files)).toEqual(expect.arrayContaining(['node:fs']));
  });
});
