import { dirname, join } from 'node:path';
import { LOWEST_NEST } from '../../src/realtime/nest/check-nest.js';
import type { Tarballs } from '../package/pack.js';
import { checkNestProject, makeNestProject, type NestProject } from './nest-project.js';
import { checkPageProject, makePageProject, type PageTemplate } from './page-project.js';
import { checkReactNativeProject, makeReactNativeProject } from './react-native-project.js';
import { checkRefusedProject, makeRefusedProject } from './refused-project.js';
import { checkViteProject, makeViteProject, type ViteProject } from './vite-project.js';
import { nodeRelease } from './node-release.js';

/** A project outside this repository that uses the package. */
export interface Project {
  readonly name: string;
  /** The lowest line of Node that its tools run on. @default 20 */
  readonly lowestNode?: number;
  /** Creates it in a folder that does not exist yet. */
  readonly make: (root: string, tarballs: Tarballs) => Promise<void>;
  /** Runs it under the first `node` in `env.PATH`. */
  readonly check: (root: string, env: NodeJS.ProcessEnv) => Promise<void>;
}

const nest = (name: string, project: NestProject, lowestNode = 20): Project => ({
  name: `Nest ${project.release ?? project.nest}, ${name}`,
  lowestNode,
  make: (root, tarballs) => makeNestProject(root, project, tarballs),
  check: (root, env) => checkNestProject(root, project, env),
});

const vite = (project: ViteProject, lowestNode = 20): Project => ({
  name: `Vite frontend, ${project.runner}`,
  lowestNode,
  make: (root, tarballs) => makeViteProject(root, project, tarballs),
  check: checkViteProject,
});

const page = (name: string, template: PageTemplate, lowestNode = 20): Project => ({
  name: `Page, ${name}`,
  lowestNode,
  make: (root, tarballs) => makePageProject(root, template, tarballs),
  check: (root, env) => checkPageProject(root, template, env),
});

const refused = (release: string, jwt: string): Project => ({
  name: `Nest ${release}, refused`,
  make: (root, tarballs) => makeRefusedProject(root, release, jwt, tarballs),
  check: (root, env) => checkRefusedProject(root, release, LOWEST_NEST, env),
});

export const PROJECTS: readonly Project[] = [
  nest('CommonJS, ts-jest', { nest: '11' }),
  nest('CommonJS, ts-jest', { nest: '11', release: LOWEST_NEST }),
  nest('CommonJS, swc', { nest: '11', swc: true }),
  nest('ES modules, vitest', { nest: '12' }),
  nest('ES modules, vitest 5', { nest: '12', vitest: '5' }, 22),
  nest('ES modules, Jest', { nest: '12', jestForEsModules: true }),
  vite({ runner: 'vitest@4' }),
  vite({ runner: 'vitest@5' }, 22),
  vite({ runner: 'jest@30' }),
  page('React', 'react-ts'),
  page('Vue', 'vue'),
  page('Svelte', 'svelte'),
  page('Solid', 'solid'),
  page('Next', 'next'),
  page('Angular 20', 'angular-20'),
  page('Angular 21', 'angular-21'),
  page('Angular 22', 'angular-22', 22),
  page('without a build', 'plain'),
  { name: 'React Native', make: makeReactNativeProject, check: checkReactNativeProject },
  refused('10.4.22', '10'),
  refused('11.1.3', '11'),
];

/** A step of a project, and how long it took. */
export interface Step {
  /** `made`, or the version of Node that the project ran under. */
  readonly name: string;
  readonly tookMs: number;
}

/**
 * Creates the project and checks it under each line of Node that it runs on.
 * @param lines such as 20 and 22; without one the Node of this process counts, if the project runs on it
 * @throws Error with the output of the step that failed
 */
export async function checkProject(
  { name, lowestNode = 20, make, check }: Project,
  home: string,
  tarballs: Tarballs,
  lines: readonly string[],
): Promise<Step[]> {
  const root = join(home, name.toLowerCase().replaceAll(/\W+/g, '-'));
  const current = process.versions.node.split('.')[0]!;
  const fitting = (lines.length > 0 ? lines : [current]).filter((line) => Number(line) >= lowestNode);
  const steps = [await timed('made', () => make(root, tarballs))];
  for (const line of fitting.length > 0 ? fitting : [String(lowestNode)]) {
    const binary = line === current ? process.execPath : (await nodeRelease(line)).binary;
    const env = { ...process.env, PATH: `${dirname(binary)}:${process.env['PATH']}` };
    steps.push(await timed(`Node ${line}`, () => check(root, env)));
  }
  return steps;
}

async function timed(name: string, run: () => Promise<void>): Promise<Step> {
  const since = performance.now();
  await run().catch((error: Error) => {
    throw new Error(`${name}: ${error.message}`, { cause: error });
  });
  return { name, tookMs: Math.round(performance.now() - since) };
}
