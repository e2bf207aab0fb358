import { build, type Plugin } from 'esbuild';
import { cp, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { blocksOf } from '../../docs/support/blocks.js';
import { bin, finish, installed } from '../../package/installed.js';
import { pack } from '../../package/pack.js';

const NGC = bin('@angular/compiler-cli/bundles/src/bin/ngc.js');
const LINKER = resolve('node_modules/@angular/compiler-cli/bundles/linker/babel/index.js');

interface Babel {
  transformAsync(code: string, options: object): Promise<{ readonly code: string }>;
}

/** The compiler of JavaScript that Angular's compiler depends on. */
const babel = createRequire(NGC)('@babel/core') as Babel;

const PACKAGES = ['common', 'core', 'platform-browser', 'platform-server'].map((name) => `@angular/${name}`);

const HEAD = `
import { bootstrapApplication, provideClientHydration } from '@angular/platform-browser';
import { App } from './app/app';
import { Session } from './app/session';
`;

/** Signed in from the start, by a session that the page has kept. */
const SIGNED_IN = `
import { appConfig } from './app/app.config';
const session = new Session();
session.token.set(globalThis.location?.hash.slice(1) ?? 'JWT');
const providers = [...appConfig.providers, provideClientHydration(), { provide: Session, useValue: session }];
`;

/** Entry points of the application: as it is, with zone.js, rendered by a server, and hydrated. */
const MAINS = {
  zoneless: `${HEAD}
import { appConfig } from './app/app.config';
globalThis.example = await bootstrapApplication(App, appConfig);`,
  zone: `import 'zone.js';
import { inject, provideZoneChangeDetection } from '@angular/core';
import { provideRealtime } from 'nestjs-realtime-client/angular';
${HEAD}
const realtime = provideRealtime(() => ({ url: '/ws', getToken: inject(Session).getToken }));
bootstrapApplication(App, { providers: [provideZoneChangeDetection(), realtime] }).then((app) => {
  globalThis.example = app;
});`,
  hydrated: `${HEAD}${SIGNED_IN}
globalThis.example = await bootstrapApplication(App, { providers });`,
  server: `${HEAD}
import { provideServerRendering, renderApplication } from '@angular/platform-server';
${SIGNED_IN}
const document = '<!doctype html><title>page</title><link rel="icon" href="data:,"><app-root></app-root>';
const start = (context) => bootstrapApplication(App, { providers: [...providers, provideServerRendering()] }, context);
process.stdout.write(await renderApplication(start, { document, url: '/' }));`,
};

/** The example, built as an application that has installed the package. */
export interface Built {
  /** Scripts for a page. */
  readonly scripts: Readonly<Record<'zoneless' | 'zone' | 'hydrated', string>>;
  /** Path of the program that renders the application. */
  readonly server: string;
  /** Files in the bundles. */
  readonly inputs: readonly string[];
}

/**
 * Compiles `examples/angular` and the code of its guide with Angular's compiler, and bundles it without a compiler for the
 * run time. @throws with the compiler's output
 */
export async function buildExample(root: string): Promise<Built> {
  const guide = blocksOf('docs/frameworks/angular.md').filter(({ language }) => language === 'ts');
  await installed(root, [(await pack()).client], [...PACKAGES, 'rxjs', 'tslib', 'zone.js'], {
    ...Object.fromEntries(guide.map(({ line, code }) => [`src/guide-${line}.ts`, code])),
  });
  await cp('examples/angular/src', join(root, 'src'), { recursive: true });
  await cp('examples/angular/tsconfig.json', join(root, 'tsconfig.json'));
  await finish(process.execPath, [NGC, '-p', 'tsconfig.json', '--outDir', 'built'], root);

  const bundle = async (main: keyof typeof MAINS) => {
    const { outputFiles, metafile } = await build({
      stdin: { contents: MAINS[main], resolveDir: join(root, 'built') },
      absWorkingDir: root,
      bundle: true,
      format: 'esm',
      metafile: true,
      outfile: join(root, `${main}.mjs`),
      platform: main === 'server' ? 'node' : 'browser',
      plugins: [linker],
      write: main === 'server',
      logLevel: 'error',
    });
    return { text: outputFiles?.[0]?.text ?? '', inputs: Object.keys(metafile.inputs) };
  };
  const [zoneless, zone, hydrated, server] = await Promise.all([
    bundle('zoneless'),
    bundle('zone'),
    bundle('hydrated'),
    bundle('server'),
  ]);
  return {
    scripts: { zoneless: zoneless.text, zone: zone.text, hydrated: hydrated.text },
    server: join(root, 'server.mjs'),
    inputs: [zoneless, zone, hydrated, server].flatMap(({ inputs }) => inputs),
  };
}

const linked = new Map<string, Promise<string>>();

/** Completes the declarations of Angular's packages for this release of Angular, as its command line does. */
const linker: Plugin = {
  name: 'linker',
  setup: (bundle) =>
    bundle.onLoad({ filter: /@angular\/.*\.mjs$/ }, async ({ path }) => {
      let contents = linked.get(path);
      if (contents === undefined) linked.set(path, (contents = link(path)));
      return { contents: await contents };
    }),
};

async function link(path: string): Promise<string> {
  const code = await readFile(path, 'utf8');
  if (!code.includes('ɵɵngDeclare')) return code;
  const options = { filename: path, plugins: [LINKER], configFile: false, babelrc: false, compact: false };
  return (await babel.transformAsync(code, options)).code;
}
