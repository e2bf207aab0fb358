import { build } from 'esbuild';
import { builtinModules } from 'node:module';
import { gzipSync } from 'node:zlib';

/** Maximum size in bytes, minified and compressed with gzip -9; see docs/client.md. */
const MAX_CORE_BYTES = 7_760;

interface Bundle {
  readonly gzipped: number;
  /** Source files in the bundle. */
  readonly files: readonly string[];
}

/** Bundles this code for a page. */
async function bundle(contents: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: '.', loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    metafile: true,
    // Marked as external instead of failing, so that the test names the leaked import.
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

describe('the bundle of a page', () => {
  it(`with createRealtimeClient: at most ${MAX_CORE_BYTES} bytes, and only files of the client`, async () => {
    const { gzipped, files } = await bundle(`export { createRealtimeClient } from './src/client/index.ts'`);
    expect(strangers(files)).toEqual([]);
    for (const file of [
      'follow',
      'events',
      'iterate',
      'observe',
      'commands/call',
      'server-channels',
      'subscribed',
      'token-via',
      'sse/sse',
      'live/live',
      'target-fields',
      'streams/open-stream',
    ]) {
      expect(files).not.toContain(`src/client/${file}.ts`); // unused parts are left out
    }
    for (const file of ['codec', 'requests', 'request-fields']) {
      expect(files).not.toContain(`src/protocol/${file}.ts`);
    }
    expect(gzipped).toBeLessThanOrEqual(MAX_CORE_BYTES);
  });

  it.each(['client', 'protocol'])(
    'with all exports of %s: no server code, no package, no module of Node',
    async (room) => {
      const { files } = await bundle(`export * from './src/${room}/index.ts'`);
      expect(strangers(files)).toEqual([]);
    },
  );

  it('fails the check with the name of a leaked import', async () => {
    const { files } = await bundle(`import './src/realtime/options/options-from-env.ts'; import 'node:fs';`);
    expect(strangers(files)).toEqual(expect.arrayContaining(['node:fs']));
  });
});
