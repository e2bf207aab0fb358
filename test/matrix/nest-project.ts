import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { finish, readJson } from '../package/installed.js';
import type { Tarballs } from '../package/pack.js';
import { liveOf, RECEIVED, specOf } from '../package/orders-app.js';

/** A project created by `nest new` of that release, with the package installed by the README's command. */
export interface NestProject {
  /** The major release of Nest. */
  readonly nest: '11' | '12';
  /** Exactly this release of Nest, instead of the newest. */
  readonly release?: string;
  /** Builds and tests with swc instead of the TypeScript compiler. */
  readonly swc?: boolean;
  /** Tests with Jest, in its mode for ES modules, instead of vitest. */
  readonly jestForEsModules?: boolean;
  /** This release of vitest, instead of the one in the new project. */
  readonly vitest?: string;
}

interface Manifest {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly scripts: Record<string, string>;
  jest?: Record<string, unknown>;
}

const ADAPTERS = ['express', 'fastify'] as const;

/** Tools of a new project that neither build nor test it. */
const UNUSED = /eslint|prettier|^globals$|oxlint|coverage|mau$|^ts-(node|loader)$|supertest/;

/** Packages with the same version numbers as Nest itself. */
const NUMBERED = /^@nestjs\/(common|core|platform-\w+|testing|websockets)$/;

const QUIETLY = ['--no-audit', '--no-fund', '--prefer-offline'];

/** Creates the project in this folder and installs the package. @throws Error with the output of the step that failed */
export async function makeNestProject(root: string, project: NestProject, tarballs: Tarballs): Promise<void> {
  const { nest, release = nest } = project;
  const create = ['--yes', `--package=@nestjs/cli@${nest}`, '--', 'nest', 'new', basename(root)];
  await finish(
    'npm',
    ['exec', ...create, '--skip-install', '--skip-git', '--package-manager', 'npm'],
    join(root, '..'),
  );
  const manifest = await readJson<Manifest>(join(root, 'package.json'));
  adapt(manifest, project);
  await writeFile(join(root, 'package.json'), JSON.stringify(manifest));
  if (project.swc) await writeFile(join(root, '.swcrc'), JSON.stringify(swcFor('commonjs')));
  await finish('npm', ['install', ...QUIETLY], root);
  await finish(
    'npm',
    ['install', ...QUIETLY, ...(await readmePackages(nest, release, tarballs.server.path)), tarballs.client.path],
    root,
  );

  await rm(join(root, 'test'), { recursive: true }); // its supertest is not installed
  if (project.jestForEsModules) await rm(join(root, 'src/app.controller.spec.ts'));
  await writeFile(join(root, 'src/orders.spec.ts'), specOf(ADAPTERS));
  await writeFile(join(root, 'src/live.ts'), liveOf(ADAPTERS));
}

/** Tests, builds and runs the project. @throws Error with the output of the step that failed */
export async function checkNestProject(root: string, { swc }: NestProject, env: NodeJS.ProcessEnv): Promise<void> {
  await finish('npm', ['test'], root, env);
  await finish('npx', ['nest', 'build', ...(swc ? ['--builder', 'swc'] : [])], root, env);
  const output = await finish('node', ['dist/live.js'], root, env).catch(() =>
    finish('node', ['dist/src/live.js'], root, env),
  );
  if (output !== RECEIVED + RECEIVED) throw new Error(`the application printed ${output}`);
}

/** Configures the tools that the application chose. The package needs none of this. */
function adapt(manifest: Manifest, { nest, release, swc, jestForEsModules, vitest }: NestProject): void {
  for (const name of Object.keys(manifest.devDependencies))
    if (UNUSED.test(name)) delete manifest.devDependencies[name];
  manifest.dependencies['@nestjs/platform-fastify'] = nest;
  if (swc) Object.assign(manifest.devDependencies, { '@swc/cli': '*', '@swc/core': '*', '@swc/jest': '*' });
  if (swc && manifest.jest) manifest.jest['transform'] = { '^.+\\.(t|j)s$': '@swc/jest' };
  if (vitest !== undefined) manifest.devDependencies['vitest'] = vitest;
  if (jestForEsModules) {
    Object.assign(manifest.devDependencies, { '@swc/core': '*', '@swc/jest': '*', jest: '30' });
    manifest.scripts['test'] = 'node --experimental-vm-modules node_modules/jest/bin/jest.js';
    manifest.jest = {
      rootDir: 'src',
      extensionsToTreatAsEsm: ['.ts'],
      transform: { '^.+\\.ts$': ['@swc/jest', swcFor('es6')] },
    };
  }
  for (const list of [manifest.dependencies, manifest.devDependencies]) {
    for (const name of Object.keys(list)) if (NUMBERED.test(name)) list[name] = release ?? list[name]!;
  }
}

/** Returns the packages that the README installs with this release of Nest. */
async function readmePackages(nest: string, release: string, tarball: string): Promise<string[]> {
  const readme = await readFile('README.md', 'utf8');
  const line = new RegExp(`^npm install (.+\\.tgz.*?) +# Nest ${nest}$`, 'm').exec(readme)?.[1];
  if (line === undefined) throw new Error(`README.md has no line that installs the package with Nest ${nest}`);
  return line.split(' ').map((name) => {
    if (name.endsWith('.tgz')) return tarball;
    const [, plain = ''] = /^(.+)@\d+$/.exec(name) ?? [];
    return NUMBERED.test(plain) ? `${plain}@${release}` : name;
  });
}

function swcFor(modules: 'commonjs' | 'es6'): object {
  return {
    jsc: {
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
      target: 'es2022',
    },
    module: { type: modules },
  };
}
