// Creates the CommonJS build, dist/cjs, from the ES modules in dist, file by file and with types. Jest in CommonJS mode and
// bundlers of `require` load it. Node loads the ES modules for `import` and for `require`.
import { build } from 'esbuild';
import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDERS = [
  'realtime',
  'terminus',
  'protocol',
  'platform-events',
  'client',
  'testing',
  'bindings',
  'angular',
  'react',
  'rxjs',
  'react-native',
  'devtools',
  'vue',
  'svelte',
  'solid',
  'ai-sdk',
];
const OUT = 'dist/cjs';

/** Both builds serve it unchanged. */
const CONSOLE = join('dist', 'realtime', 'console');
/** The one file that imports a package without CommonJS. The package is bundled into it. */
const JOSE = join('dist', 'realtime', 'auth', 'jose.js');

/** Expressions of ES modules, and their replacements in CommonJS. */
const OF_ES_MODULES = { 'import.meta.url': '__filename', 'import.meta.dirname': '__dirname' };

const files = FOLDERS.flatMap((folder) =>
  readdirSync(join('dist', folder), { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.startsWith(CONSOLE)),
);

const options = {
  outdir: OUT,
  outbase: 'dist',
  format: 'cjs',
  platform: 'node',
  target: 'es2022',
  define: OF_ES_MODULES,
  supported: { 'dynamic-import': false }, // `import()` of an ES module needs a flag in Jest
  logLevel: 'warning',
  logOverride: { 'empty-import-meta': 'error' },
};
await Promise.all([
  build({ ...options, entryPoints: files.filter((file) => file.endsWith('.js') && file !== JOSE) }),
  build({ ...options, entryPoints: [JOSE], bundle: true }),
]);
for (const file of files) if (file.endsWith('.d.ts')) cpSync(file, join(OUT, file.slice('dist/'.length)));
writeFileSync(join(OUT, 'package.json'), '{ "type": "commonjs" }\n');
