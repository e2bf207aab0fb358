// Copies the runtime files of the built platform to a folder: its JavaScript, the pages, and the imported packages.
// `npm prune` cannot do this: the packages of the platform are development dependencies of the library.
//   node .ci/runtime.mjs OUT
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';

const out = process.argv[2];
if (out === undefined) throw new Error('Usage: node .ci/runtime.mjs OUT');

const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*)['"]([^'"]+)['"]/g;
const FOLDERS = ['platform', 'platform-events', 'realtime', 'protocol', 'asyncapi-tools'];
/** Files of a package that Node never reads. */
const UNUSED = /\.(?:d\.[cm]?ts|map|md|markdown|tsbuildinfo)$/;

function packageOf(specifier) {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

/** Returns the packages that the built platform imports directly. */
function imported() {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join('dist', folder), { recursive: true }).map((name) => join('dist', folder, name)),
  );
  const names = [...files, 'dist/main.js']
    .filter((file) => file.endsWith('.js') && !file.includes('/page/') && !file.includes('/console/'))
    .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(IMPORT)].map(([, specifier]) => specifier))
    .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
    .map(packageOf);
  return new Set(names.filter((name) => !builtinModules.includes(name)));
}

/** Returns the folder of a package as Node resolves it from another one. */
function find(name, from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
    if (folder === '.') return null;
  }
}

const folders = new Set();

function add(name, from) {
  const folder = find(name, from);
  if (folder === null || folders.has(folder)) return;
  folders.add(folder);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const { dependencies = {}, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = manifest;
  const peers = Object.keys(peerDependencies).filter((peer) => peerDependenciesMeta[peer]?.optional !== true);
  for (const needed of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers]) add(needed, folder);
}

for (const name of imported()) add(name, '.');

for (const folder of folders) {
  cpSync(folder, join(out, folder), {
    recursive: true,
    filter: (source) => !UNUSED.test(source) && !relative(folder, source).startsWith('node_modules'),
  });
}
for (const folder of FOLDERS) {
  cpSync(join('dist', folder), join(out, 'dist', folder), {
    recursive: true,
    filter: (source) => !UNUSED.test(source),
  });
}
cpSync('dist/main.js', join(out, 'dist/main.js'));
const { name, version, license } = JSON.parse(readFileSync('package.json', 'utf8'));
writeFileSync(
  join(out, 'package.json'),
  `${JSON.stringify({ name, version, license, type: 'module', private: true })}\n`,
);
console.log(`${folders.size} packages`);
