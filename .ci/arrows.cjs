// The import arrows between folders. docs/architecture.md lists the same arrows.
const room = (name) => `^src/${name}/`;

/** A room of the module may import only what is named here, and `protocol`, `options`, the timing, the counters, and itself. */
const realtimeRooms = {
  // The type of the option `backend`.
  options: ['backends'],
  backends: ['auth', 'broker', 'cluster', 'presence'],
  tenants: [],
  auth: ['broker', 'tenants'],
  channels: ['auth', 'tenants'],
  connections: ['auth', 'channels', 'tenants'],
  broker: [],
  delivery: ['connections', 'broker', 'channels', 'tenants'],
  // Messages between instances are published by the broker and received through delivery.
  cluster: ['auth', 'broker', 'channels', 'connections', 'delivery', 'tenants'],
  presence: ['broker', 'channels', 'cluster', 'connections', 'tenants'],
  publishing: ['broker', 'channels', 'tenants'],
  'publishing/outbox': ['publishing', 'delivery'],
  gateway: [
    ...['auth', 'channels', 'cluster', 'connections', 'delivery', 'gateway/audit', 'presence', 'publishing'],
    'tenants',
  ],
  'gateway/audit': ['connections', 'tenants'],
  monitoring: ['auth', 'channels', 'cluster', 'connections', 'delivery', 'gateway', 'tenants'],
  http: [
    // Reads of operators and calls of publishing keys go to the audit log, with the address that the gateway finds.
    ...['gateway', 'gateway/audit'],
    ...['auth', 'broker', 'channels', 'cluster', 'connections', 'delivery', 'presence', 'publishing', 'tenants'],
  ],
};

/** The files of rooms of the module. A room inside another is not part of it. */
const inside = (...names) =>
  names
    .map((name) => {
      const inner = Object.keys(realtimeRooms).filter((other) => other.startsWith(`${name}/`));
      return `^src/realtime/${name}/${inner.map((room) => `(?!${room.slice(name.length + 1)}/)`).join('')}`;
    })
    .join('|');

/** The live page: it runs in the browser. */
const page = room('platform/page');

/** The console: it runs in the browser too, and the package brings it along. */
const consolePage = room('console');

/** The types of what the REST routes for operators answer. */
const operatorShapes = '^src/realtime/http/operator-shapes\\.ts$';

/** Counters know nobody, and everybody counts. */
const counters = '^src/realtime/observability/';

/** The internals of Nest that the module uses, one file for each: it knows Nest alone. */
const nest = '^src/realtime/nest/';

/** The clock, time limits, retries and rate limits: they know the options alone. */
const timing = '^src/realtime/timing/';

/** The shapes of messages and stored values: all that exchange some use them, and they know none. */
const schemas = '^src/realtime/schemas/';

module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'protocol-imports-nothing',
      severity: 'error',
      from: { path: room('protocol'), pathNot: '\\.spec\\.ts$' },
      to: { pathNot: room('protocol') },
    },
    {
      name: 'platform-events-import-the-protocol',
      severity: 'error',
      from: { path: room('platform-events') },
      to: { pathNot: [room('platform-events'), room('protocol')] },
    },
    {
      name: 'platform-uses-the-public-entry-point',
      severity: 'error',
      from: { path: [room('platform'), room('terminus'), '^src/main\\.ts$'] },
      to: { path: room('realtime'), pathNot: '^src/realtime/index\\.ts$' },
    },
    {
      name: 'the-module-does-not-know-the-platform',
      severity: 'error',
      from: { path: [room('realtime'), room('protocol')] },
      to: { path: [room('platform'), '^src/main\\.ts$'] },
    },
    {
      name: 'the-page-uses-the-public-entry-points',
      comment: 'What runs in the browser knows the client, its React hooks and the wire, and nothing of the server.',
      severity: 'error',
      from: { path: page },
      to: {
        path: '^src/',
        pathNot: [page, room('protocol'), '^src/(client|react|platform-events)/index\\.ts$', '^src/react/query\\.ts$'],
      },
    },
    {
      name: 'the-console-uses-the-public-entry-points',
      comment:
        'It knows the client, its React hooks and the names of codes; what it shows comes over HTTP, in the shapes of the server.',
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
      comment: 'No package and nothing of Node: it runs in browsers, workers, Node and React Native.',
      severity: 'error',
      from: { path: room('client'), pathNot: '\\.spec\\.ts$' },
      to: { pathNot: [room('client'), room('protocol')] },
    },
    {
      name: 'asyncapi-tools-import-node-alone',
      comment:
        'A command for frontends in other repositories: it reads documents, and needs nothing of the server – but for what writes one, and loads the application then.',
      severity: 'error',
      from: { path: room('asyncapi-tools'), pathNot: '\\.spec\\.ts$' },
      to: {
        pathNot: [
          ...[room('asyncapi-tools'), '^(node:)?(fs/promises|path|url|util)$'],
          '^src/realtime/channels/asyncapi/module-document\\.ts$',
        ],
      },
    },
    {
      name: 'asyncapi-tools-load-the-server-late',
      comment: 'Whoever has no Nest can make types all the same.',
      severity: 'error',
      from: { path: room('asyncapi-tools') },
      to: { path: room('realtime'), dependencyTypesNot: ['dynamic-import'] },
    },
    {
      name: 'testing-uses-the-public-entry-points',
      severity: 'error',
      from: { path: room('testing'), pathNot: '\\.spec\\.ts$' },
      to: { path: '^src/', pathNot: [room('testing'), room('protocol'), '^src/(client|realtime)/index\\.ts$'] },
    },
    {
      name: 'the-fake-server-imports-the-client-and-the-wire',
      comment:
        'It runs in browsers, where the tests of a frontend do: no package, nothing of Node, and nothing of Nest.',
      severity: 'error',
      from: { path: '^src/testing/[^/]+$', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: ['^src/testing/[^/]+$', room('protocol'), '^src/client/index\\.ts$'] },
    },
    {
      name: 'react-imports',
      severity: 'error',
      from: { path: room('react'), pathNot: '\\.spec\\.ts$' },
      to: { path: '^src/', pathNot: [room('react'), room('protocol'), '^src/client/(index|errors)\\.ts$'] },
    },
    {
      name: 'counters-know-nobody',
      severity: 'error',
      from: { path: counters },
      to: { path: '^src/', pathNot: [room('protocol'), counters] },
    },
    {
      name: 'schemas-import-nothing',
      severity: 'error',
      from: { path: schemas, pathNot: '\\.spec\\.ts$' },
      to: { path: '^src/', pathNot: schemas },
    },
    { name: 'nest-knows-nest', severity: 'error', from: { path: nest }, to: { path: '^src/', pathNot: nest } },
    {
      name: 'nest-internals-in-one-folder',
      comment: 'A file of Nest that is no entry point of it may move: src/realtime/nest says so clearly.',
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
    ...Object.entries(realtimeRooms).map(([name, allowed]) => ({
      name: `${name}-imports`,
      comment: `src/realtime/${name} may import: ${['protocol', 'options', 'the timing', 'the counters', ...allowed].join(', ')}`,
      severity: 'error',
      from: { path: inside(name), pathNot: '\\.spec\\.ts$' },
      to: { path: '^src/realtime/', pathNot: [inside(name, 'options', ...allowed), timing, counters, nest, schemas] },
    })),
    {
      name: 'no-undeclared-packages',
      severity: 'error',
      // The platform is no part of a package, the pages are bundled, and React is a peer of the client's package.
      from: {
        path: '^src/',
        pathNot: ['\\.spec\\.ts$', room('platform'), room('react'), consolePage, '^src/main\\.ts$'],
      },
      // Peers are installed for the tests too.
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
