// Creates the package of the client, nestjs-realtime-client, from the last build:
//   node .ci/client-package.mjs FOLDER
// Writes its manifest, browser bundles and command, and copies the docs that a frontend needs.
import { build } from 'esbuild';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { builtFilesOf, entryPointsOf } from './packages.cjs';

const NAME = 'nestjs-realtime-client';
const FRAMEWORKS = ['next', 'vue', 'angular', 'svelte', 'solid', 'react-native', 'rxjs', 'ai-sdk'].map(
  (name) => `frameworks/${name}.md`,
);
const DOCS = ['client.md', 'react.md', 'browser.md', 'devtools.md', ...FRAMEWORKS, 'delivery.md', 'PROTOCOL.md'];
/** Packages of the entry points for frameworks, all optional. */
const PEERS = JSON.parse(readFileSync('.ci/client-peers.json', 'utf8'));
/** Fields that both packages share. The publisher fills in the last four. */
const SHARED = ['version', 'type', 'license', 'engines', 'sideEffects', 'repository', 'homepage', 'bugs', 'author'];

const out = process.argv[2];
if (out === undefined) throw new Error('Usage: node .ci/client-package.mjs FOLDER');
const server = JSON.parse(readFileSync('package.json', 'utf8'));

function copyBuilt(path) {
  const [folder, filesOnly] = path.endsWith('/*') ? [path.slice(0, -2), true] : [path, false];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (filesOnly && entry.isDirectory()) continue;
    cpSync(join(folder, entry.name), join(out, folder, entry.name), { recursive: true });
  }
}

function bundle(file, options) {
  return build({ outfile: join(out, 'dist', file), bundle: true, target: 'es2022', logLevel: 'warning', ...options });
}

function bundleForBrowsers(file, contents, options) {
  const banner = { js: `/*! ${NAME} ${server.version}, MIT */` };
  return bundle(`browser/${file}`, { stdin: { contents, resolveDir: '.' }, minify: true, banner, ...options });
}

/** Returns the license of a bundled package as a comment. */
function licenseOf(name) {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));
  return `/*! contains ${name} ${version}\n\n${readFileSync(`node_modules/${name}/LICENSE`, 'utf8').trim()}\n*/`;
}

/** Files of the repository in the package, with their path there. */
const PACKED = new Map([
  ['src/client/README.md', 'README.md'],
  ...['LICENSE', 'CHANGELOG.md', ...DOCS.map((name) => `docs/${name}`)].map((file) => [file, file]),
]);

/** Links to files outside the package become text, or links to the documentation once it has an address. */
function withLinksOfPackage(source, text) {
  return text.replaceAll(/(!?)\[((?:[^\]`]|`[^`]*`)+)\]\(([^)\s]+)\)/g, (link, image, label, target) => {
    const [path, anchor] = target.split('#');
    if (/^[a-z]+:/.test(target) || path === '') return link;
    const hash = anchor === undefined ? '' : `#${anchor}`;
    const linked = normalize(join(dirname(source), path));
    const packed = PACKED.get(linked);
    if (packed !== undefined) return `${image}[${label}](${relative(dirname(PACKED.get(source)), packed)}${hash})`;
    if (image !== '') return '';
    if (server.homepage === undefined || !linked.endsWith('.md')) return `${label} (\`${linked}\` in nestjs-realtime)`;
    const page = linked.replace(/^docs\//, '').replace(/(README)?\.md$/, '');
    return `[${label}](${server.homepage.replace(/\/$/, '')}/${page}${hash})`;
  });
}

function copyTexts() {
  mkdirSync(join(out, 'docs/frameworks'), { recursive: true });
  for (const [source, file] of PACKED)
    writeFileSync(join(out, file), withLinksOfPackage(source, readFileSync(source, 'utf8')));
}

const manifest = {
  name: NAME,
  description:
    'Client of nestjs-realtime: typed channels that resume, for browsers, React, Angular, Vue, Svelte, Solid, Node and React Native.',
  keywords: [
    ...['realtime', 'websocket', 'client', 'react', 'angular', 'vue', 'svelte', 'solid', 'rxjs', 'nestjs', 'pubsub'],
    'presence',
  ],
  ...Object.fromEntries(SHARED.filter((field) => server[field] !== undefined).map((field) => [field, server[field]])),
  ...entryPointsOf(NAME),
  unpkg: './dist/browser/global.js',
  jsdelivr: './dist/browser/global.js',
  bin: { [NAME]: 'dist/command.js' },
  files: ['dist', 'docs', 'CHANGELOG.md'],
  scripts: { prepublishOnly: 'node ../.ci/publishable.mjs' },
  peerDependencies: PEERS,
  peerDependenciesMeta: Object.fromEntries(Object.keys(PEERS).map((name) => [name, { optional: true }])),
};

rmSync(out, { recursive: true, force: true });
for (const path of builtFilesOf(NAME)) copyBuilt(path);
cpSync('dist/cjs/package.json', join(out, 'dist/cjs/package.json'));
copyTexts();
writeFileSync(join(out, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);

const client = "export * from './dist/client/index.js'; export * from './dist/client/live/index.js';";
const shared = "export * from './dist/client/shared/index.js';";
const sse = "export * from './dist/client/sse/index.js';";
const streams = "export * from './dist/client/streams/index.js';";
await Promise.all([
  bundleForBrowsers('client.js', client, { format: 'esm' }),
  bundleForBrowsers('shared.js', shared, { format: 'esm' }),
  bundleForBrowsers('sse.js', sse, { format: 'esm' }),
  bundleForBrowsers('streams.js', streams, { format: 'esm' }),
  bundleForBrowsers('global.js', client + shared + sse + streams, { format: 'iife', globalName: 'NestRealtime' }),
  bundle('command.js', {
    entryPoints: ['dist/command-line/client-cli.js'],
    format: 'esm',
    platform: 'node',
    minify: true,
    external: ['bufferutil', 'utf-8-validate'], // optional packages of ws
    banner: {
      js: `${licenseOf('ws')}\nimport { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);`,
    },
  }),
]);
