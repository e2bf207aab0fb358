import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import ts from 'typescript';
import { ENTRIES } from '../../support/packages.js';
import type { Command } from './shell.js';

interface Manifest {
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const { version, scripts, peerDependencies, devDependencies } = JSON.parse(
  readFileSync('package.json', 'utf8'),
) as Manifest;
const CLIENT_PEERS = JSON.parse(readFileSync('.ci/client-peers.json', 'utf8')) as Manifest['peerDependencies'];
/** Ranges of the packages that tests use, and of the peers of both packages. */
const RANGES: Manifest['peerDependencies'] = { ...devDependencies, ...CLIENT_PEERS, ...peerDependencies };

/** Returns the source file that a script of package.json runs. */
function programOf(script: string): string | undefined {
  const [, tsx, built] = /^(?:tsx (\S+\.ts)|node dist\/(\S+)\.js)$/.exec(scripts[script]!) ?? [];
  return tsx ?? (built === undefined ? undefined : `src/${built}.ts`);
}

/** Returns the options that the program, or a file beside it, passes to `parseArgs`. */
function optionsOf(program: string): ParseArgsConfig['options'] {
  const files = [program, join(dirname(program), 'arguments.ts')].filter((path) => existsSync(path));
  const options: NonNullable<ParseArgsConfig['options']> = {};
  const visit = (node: ts.Node, inside: boolean): void => {
    const { parent } = node;
    if (inside && ts.isPropertyAssignment(node) && parent.parent.getText().startsWith('options:')) {
      options[node.name.getText()] = { type: /'boolean'/.test(node.initializer.getText()) ? 'boolean' : 'string' };
    }
    const calls = ts.isCallExpression(node) && node.expression.getText() === 'parseArgs';
    node.forEachChild((child) => visit(child, inside || calls));
  };
  for (const path of files)
    visit(ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true), false);
  return options;
}

/** Returns the problem of an argument of `npm install`. A tarball and a package such as `@nestjs/jwt@11` are valid. */
function installProblem(spec: string): string | null {
  const tarballs = Object.keys(ENTRIES).map((name) => `../${name}-${version}.tgz`);
  if (tarballs.includes(spec)) return null;
  const [, peer = '', major] = /^(.+)@(\d+)$/.exec(spec) ?? [];
  if (RANGES[peer]?.includes(`^${major}.`) === true) return null;
  return `${spec} is neither a tarball of this version nor a release that is tested`;
}

/** Returns the problem of a command `npm …`, or `null`. */
export function npmProblem(command: Command): string | null {
  const [, verb, ...rest] = command;
  if (verb === 'ci') return rest.length === 0 ? null : 'npm ci takes nothing here';
  if (verb === 'install') return rest.map(installProblem).find((problem) => problem !== null) ?? null;
  const [name, ...behind] = verb === 'run' ? rest.filter((word) => word !== '--silent') : [verb!, ...rest];
  if (name === undefined || scripts[name] === undefined) return `package.json has no script ${name}`;
  if (behind.length === 0) return null;
  const [dashes, ...args] = behind;
  if (dashes !== '--') return `${dashes} is for npm: put -- before what is for the script`;
  if (name === 'test') return args.find((path) => !existsSync(path)) ?? null;
  const program = programOf(name);
  if (program === undefined) return `${name} takes nothing`;
  try {
    parseArgs({ args, options: optionsOf(program)! });
    return null;
  } catch (error) {
    return `${program}: ${(error as Error).message}`;
  }
}
