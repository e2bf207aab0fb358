// The import arrows between folders. docs/architecture.md lists the same arrows.
const folder = (name) => `^src/${name}/`;

/** Allowed imports of each folder of the module, besides `protocol`, `options`, `timing`, `observability`, and itself. */
const realtimeFolders = {
  // The type of the option `backend`.
  options: ['backends'],
  backends: ['auth', 'broker', 'cluster', 'commands', 'live', 'occupancy', 'presence', 'streams'],
  tenants: [],
  auth: ['broker', 'tenants'],
  channels: ['auth', 'tenants'],
  connections: ['auth', 'channels', 'tenants'],
  broker: [],
  delivery: ['connections', 'broker', 'channels', 'tenants'],
  // Messages between instances are published by the broker and received through delivery.
  cluster: ['auth', 'broker', 'channels', 'connections', 'delivery', 'tenants'],
  presence: ['broker', 'channels', 'cluster', 'connections', 'tenants'],
  hooks: ['channels', 'connections', 'tenants'],
  // Changes of counts are announced to hooks.
  occupancy: ['broker', 'channels', 'cluster', 'connections', 'hooks', 'tenants'],
  publishing: ['broker', 'channels', 'tenants'],
  // Calls of clients; the gateway answers them.
  commands: ['auth', 'channels', 'connections', 'gateway/audit', 'publishing', 'streams', 'tenants'],
  // States of channels: the module loads them, and delivery sends them.
  live: ['broker', 'channels', 'connections', 'delivery', 'publishing', 'tenants'],
  // Readers are subscriptions, and cancelling asks the instance of the writer.
  streams: ['broker', 'channels', 'cluster', 'connections', 'delivery', 'tenants'],
  'publishing/outbox': ['publishing', 'delivery'],
  gateway: [
    ...['auth', 'channels', 'cluster', 'commands', 'connections', 'delivery', 'gateway/audit', 'hooks', 'occupancy'],
    ...['presence', 'publishing', 'streams', 'tenants'],
  ],
  // A connection over HTTP is admitted like an upgrade, and its routes are routes of the module.
  sse: ['auth', 'channels', 'cluster', 'connections', 'delivery', 'gateway', 'gateway/audit', 'http', 'tenants'],
  'gateway/audit': ['connections', 'tenants'],
  monitoring: ['auth', 'channels', 'cluster', 'connections', 'delivery', 'gateway', 'live', 'streams', 'tenants'],
  http: [
    // Reads of operators and calls of publishing keys go to the audit log, with the address that the gateway finds.
    ...['gateway', 'gateway/audit'],
    ...[
      'auth',
      'broker',
      'channels',
      'cluster',
      'commands',
      'connections',
      'delivery',
      'live',
      'presence',
      'publishing',
      'streams',
      'tenants',
    ],
  ],
};

/** Matches the files of folders of the module. A nested folder does not belong to its parent. */
const inside = (...names) =>
  names
    .map((name) => {
      const inner = Object.keys(realtimeFolders).filter((other) => other.startsWith(`${name}/`));
      return `^src/realtime/${name}/${inner.map((nested) => `(?!${nested.slice(name.length + 1)}/)`).join('')}`;
    })
    .join('|');

/** The live page, which runs in the browser. */
const page = folder('platform/page');

/** The console, which also runs in the browser. The package contains it. */
const consolePage = folder('console');

/** Types of the answers of the REST routes for operators. */
const operatorShapes = '^src/realtime/http/operator-shapes\\.ts$';

/** Counters and logs: they import no other folder, and every folder uses them. */
const counters = '^src/realtime/observability/';

/** Internals of Nest that the module uses, one file for each. They import only Nest. */
const nest = '^src/realtime/nest/';

/** The clock, time limits, retries and rate limits. They import only the options. */
const timing = '^src/realtime/timing/';

/** Schemas of messages and stored values. Every folder uses them, and they import none. */
const schemas = '^src/realtime/schemas/';

module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'protocol-imports-nothing',
      severity: 'error',
      from: { path: folder('protocol'), pathNot: '\\.spec\\.ts$' },
      to: { pathNot: folder('protocol') },
    },
    {
      name: 'platform-events-import-the-protocol',
      severity: 'error',
      from: { path: folder('platform-events') },
      to: { pathNot: [folder('platform-events'), folder('protocol')] },
    },
    {
      name: 'platform-uses-the-public-entry-point',
      severity: 'error',
      from: { path: [folder('platform'), folder('terminus'), '^src/main\\.ts$'] },
      to: { path: folder('realtime'), pathNot: '^src/realtime/index\\.ts$' },
    },
    {
      name: 'the-module-does-not-know-the-platform',
      severity: 'error',
      from: { path: [folder('realtime'), folder('protocol')] },
      to: { path: [folder('platform'), '^src/main\\.ts$'] },
    },
    {
      name: 'the-page-uses-the-public-entry-points',
      comment: 'Code of the browser imports the client, its React hooks and the protocol, and no code of the server.',
      severity: 'error',
      from: { path: page, pathNot: '\\.spec\\.tsx?$' },
      to: {
        path: '^src/',
        pathNot: [
          page,
          folder('protocol'),
          '^src/(client|react|platform-events)/index\\.ts$',
          '^src/react/query\\.ts$',
        ],
      },
    },
    {
      name: 'the-console-uses-the-public-entry-points',
      comment:
        'The console imports the client, its React hooks and the protocol. Its data comes over HTTP, typed by the server.',
      severity: 'error',
      from: { path: consolePage },
      to: { path: '^src/', pathNot: [consolePage, '^src/(client|react|protocol)/index\\.ts$', operatorShapes] },
    },
    {
      name: 'the-console-runs-no-code-of-the-server',
      severity: 'error',
      from: { path: consolePage, pathNot: '\\.spec\\.ts$' },
      to: { path: operatorShapes, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'client-imports-the-wire-alone',
      comment:
        'The client imports no package and no module of Node: it runs in browsers, workers, Node and React Native.',
      severity: 'error',
      from: { path: folder('client'), pathNot: '\\.spec\\.ts$' },
      to: { pathNot: [folder('client'), folder('protocol')] },
    },
    {
      name: 'asyncapi-tools-import-node-alone',
      comment:
        'Code for frontends in other repositories. It reads documents without the server; only `asyncapi` loads an application.',
      severity: 'error',
      from: { path: folder('asyncapi-tools'), pathNot: '\\.spec\\.ts$' },
      to: {
        pathNot: [
          ...[folder('asyncapi-tools'), '^(node:)?(fs/promises|path|url|util)$'],
          '^src/realtime/channels/asyncapi/module-document\\.ts$',
        ],
      },
    },
    {
      name: 'asyncapi-tools-load-the-server-late',
      comment: 'Generating types must work without Nest.',
      severity: 'error',
      from: { path: folder('asyncapi-tools') },
      to: { path: folder('realtime'), dependencyTypesNot: ['dynamic-import'] },
    },
    {
      name: 'the-command-line-imports-the-client-and-the-tools',
      comment: 'It talks to servers as any client does, and loads nothing of the server.',
      severity: 'error',
      from: { path: folder('command-line'), pathNot: '\\.spec\\.ts$' },
      to: {
        path: '^src/',
        pathNot: [folder('command-line'), folder('asyncapi-tools'), '^src/(client|protocol)/index\\.ts$'],
      },
    },
    {
      name: 'testing-uses-the-public-entry-points',
      severity: 'error',
      from: { path: folder('testing'), pathNot: '\\.spec\\.ts$' },
      to: { path: '^src/', pathNot: [folder('testing'), folder('protocol'), '^src/(client|realtime)/index\\.ts$'] },
    },
    {
      name: 'the-fake-server-imports-the-client-and-the-wire',
      comment: 'It runs in browsers, with the tests of a frontend: no package, no module of Node, and no Nest.',
      severity: 'error',
      from: { path: '^src/testing/[^/]+$', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: ['^src/testing/[^/]+$', folder('protocol'), '^src/client/index\\.ts$'] },
    },
    {
      name: 'react-imports',
      severity: 'error',
      from: { path: folder('react'), pathNot: '\\.spec\\.ts$' },
      to: {
        path: '^src/',
        pathNot: [folder('react'), folder('bindings'), folder('protocol'), '^src/client/(live/)?index\\.ts$'],
      },
    },
    ...['vue', 'svelte', 'solid'].map((name) => ({
      name: `${name}-imports`,
      severity: 'error',
      from: { path: folder(name), pathNot: '\\.spec\\.ts$' },
      to: {
        path: '^src/',
        pathNot: [folder(name), folder('bindings'), folder('protocol'), '^src/client/(live/)?index\\.ts$'],
      },
    })),
    {
      name: 'bindings-import-the-client-alone',
      comment: 'The parts of the bindings that no framework needs: they import no package.',
      severity: 'error',
      from: { path: folder('bindings'), pathNot: '\\.spec\\.ts$' },
      to: {
        pathNot: [
          folder('bindings'),
          folder('protocol'),
          '^src/client/(index|errors|emitter|streams/(index|stream-store)|live/(index|live))\\.ts$',
        ],
      },
    },
    {
      name: 'angular-imports',
      severity: 'error',
      from: { path: folder('angular'), pathNot: '\\.spec\\.ts$' },
      to: {
        path: '^src/',
        pathNot: [
          folder('angular'),
          folder('bindings'),
          folder('protocol'),
          '^src/(client|client/live|rxjs)/index\\.ts$',
        ],
      },
    },
    {
      name: 'rxjs-imports-the-client',
      severity: 'error',
      from: { path: folder('rxjs'), pathNot: '\\.spec\\.ts$' },
      to: { path: '^src/', pathNot: [folder('rxjs'), '^src/client/((live|streams)/)?index\\.ts$'] },
    },
    {
      name: 'the-ai-sdk-transport-imports-the-client',
      severity: 'error',
      from: { path: folder('ai-sdk'), pathNot: '\\.spec\\.ts$' },
      to: { path: '^src/', pathNot: [folder('ai-sdk'), '^src/client/(index|streams/(index|stream-store))\\.ts$'] },
    },
    {
      name: 'react-native-imports-the-client',
      comment: 'The application passes the modules of React Native.',
      severity: 'error',
      from: { path: folder('react-native'), pathNot: '\\.spec\\.ts$' },
      to: { pathNot: [folder('react-native'), '^src/client/index\\.ts$'] },
    },
    {
      name: 'devtools-import-the-client',
      comment: 'They import its types, and the classes of its streams, whose objects they recognize.',
      severity: 'error',
      from: { path: folder('devtools'), pathNot: '\\.spec\\.ts$' },
      to: { pathNot: [folder('devtools'), '^src/client/(index|sse/(fallback|stream)-socket)\\.ts$'] },
    },
    {
      name: 'observability-imports-no-other-folder',
      severity: 'error',
      from: { path: counters },
      to: { path: '^src/', pathNot: [folder('protocol'), counters] },
    },
    {
      name: 'schemas-import-nothing',
      severity: 'error',
      from: { path: schemas, pathNot: '\\.spec\\.ts$' },
      to: { path: '^src/', pathNot: schemas },
    },
    { name: 'nest-imports-only-nest', severity: 'error', from: { path: nest }, to: { path: '^src/', pathNot: nest } },
    {
      name: 'nest-internals-in-one-folder',
      comment: 'Internal files of Nest can move: import them in src/realtime/nest, which reports that clearly.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['\\.spec\\.ts$', nest] },
      to: { path: '^node_modules/@nestjs/[^/]+/', pathNot: '^node_modules/@nestjs/[^/]+/(dist/)?index\\.(js|d\\.ts)$' },
    },
    {
      name: 'timing-knows-the-options',
      severity: 'error',
      from: { path: timing, pathNot: '\\.spec\\.ts$' },
      to: { path: '^src/', pathNot: [timing, inside('options')] },
    },
    ...Object.entries(realtimeFolders).map(([name, allowed]) => ({
      name: `${name}-imports`,
      comment: `src/realtime/${name} is allowed to import: ${['protocol', 'options', 'timing', 'observability', ...allowed].join(', ')}`,
      severity: 'error',
      from: { path: inside(name), pathNot: '\\.spec\\.ts$' },
      to: { path: '^src/realtime/', pathNot: [inside(name, 'options', ...allowed), timing, counters, nest, schemas] },
    })),
    {
      name: 'no-undeclared-packages',
      severity: 'error',
      // The platform is not part of a package, the pages are bundled, and the frameworks are peers of the client's package.
      from: {
        path: '^src/',
        pathNot: [
          ...['\\.spec\\.ts$', folder('platform'), consolePage, '^src/main\\.ts$'],
          '^src/(ai-sdk|angular|react|vue|svelte|solid)/',
        ],
      },
      // Peers are also installed for the tests.
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'],
        dependencyTypesNot: ['npm-peer'],
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
  },
};
