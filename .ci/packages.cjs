// The two packages of this repository: their entry points, and their folders of `dist`. `npm run manifest` copies them into
// the manifest of the server, package.json. client-package.mjs generates the manifest of the client from them.

/** Subpath of each entry point, and its file in `src` without the ending. */
const ENTRIES = {
  'nestjs-realtime': {
    '.': 'realtime/index',
    './terminus': 'terminus/index',
    './platform-events': 'platform-events/index',
    './testing': 'testing/nest/index',
    './testing/backend': 'testing/backend/index',
  },
  'nestjs-realtime-client': {
    '.': 'client/index',
    './shared': 'client/shared/index',
    './sse': 'client/sse/index',
    './live': 'client/live/index',
    './streams': 'client/streams/index',
    './protocol': 'protocol/index',
    './platform-events': 'platform-events/index',
    './angular': 'angular/index',
    './react': 'react/index',
    './react-query': 'react/query',
    './rxjs': 'rxjs/index',
    './react-native': 'react-native/index',
    './devtools': 'devtools/none',
    './vue': 'vue/index',
    './svelte': 'svelte/index',
    './solid': 'solid/index',
    './ai-sdk': 'ai-sdk/index',
    './testing': 'testing/index',
  },
};

/** Entry points with another file for bundles of development. Node and production bundles do not know the condition. */
const DEVELOPMENT = { './devtools': 'devtools/index' };

const FOLDERS = {
  'nestjs-realtime': ['realtime', 'terminus', 'protocol', 'platform-events', 'testing/nest', 'testing/backend'],
  'nestjs-realtime-client': [
    'client',
    'protocol',
    'platform-events',
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
    'testing/*',
  ],
};

/** Fields of the manifest of a package that follow from its entry points. Jest takes `require`, Node takes `module-sync`. */
function entryPointsOf(name) {
  const entries = Object.entries(ENTRIES[name]);
  const built = (folder, file) => ({ types: `./${folder}/${file}.d.ts`, default: `./${folder}/${file}.js` });
  const { types, default: main } = built('dist/cjs', ENTRIES[name]['.']);
  return {
    main,
    types,
    exports: Object.fromEntries(
      entries.map(([subpath, file]) => [
        subpath,
        {
          ...(DEVELOPMENT[subpath] && { development: built('dist', DEVELOPMENT[subpath]) }),
          'module-sync': built('dist', file),
          require: built('dist/cjs', file),
          default: built('dist', file),
        },
      ]),
    ),
    // For `moduleResolution: node10`, which does not read `exports`.
    typesVersions: {
      '*': Object.fromEntries(
        entries
          .filter(([subpath]) => subpath !== '.')
          .map(([subpath, file]) => [subpath.slice('./'.length), [built('dist/cjs', file).types]]),
      ),
    },
  };
}

/** Paths of the built files of a package: folders, or `folder/*` for a folder without its subfolders. */
function builtFilesOf(name) {
  return ['dist', 'dist/cjs'].flatMap((build) => FOLDERS[name].map((folder) => `${build}/${folder}`));
}

module.exports = { ENTRIES, entryPointsOf, builtFilesOf };
