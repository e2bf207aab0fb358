import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { API, type Diagnostic } from 'typescript7/unstable/sync';
import { SOURCES } from './packages.js';

/** A source file in memory: its name and its content. */
export interface SourceText {
  readonly name: string;
  readonly code: string;
}

/** An error of the compiler. */
export interface Problem {
  readonly name: string;
  readonly line: number;
  readonly message: string;
}

/** Codes of `noImplicitAny` errors for parameters, which JavaScript cannot type. */
const UNTYPED = [7006, 7031];

/** The options of an application that has installed the package, which is not built. */
const APPLICATION = {
  extends: resolve('test/tsconfig.json'),
  compilerOptions: {
    allowJs: true,
    checkJs: true,
    noUnusedLocals: false,
    noUnusedParameters: false,
    rootDir: '/',
    paths: Object.fromEntries(Object.entries(SOURCES).map(([name, path]) => [name, [resolve(path)]])),
  },
  include: [],
};

/**
 * Type-checks files like those of an application that has installed the package. The native compiler looks only at
 * these files and at the types that they use, in a tenth of the CPU time. @returns the errors
 */
export function compile(files: readonly SourceText[]): Problem[] {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'nestjs-realtime-')));
  const manifest = { name: 'package.json', code: '{ "type": "module" }' };
  const settings = {
    name: 'tsconfig.json',
    code: JSON.stringify({ ...APPLICATION, files: files.map(({ name }) => name) }),
  };
  let api: API | undefined;
  try {
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
    for (const { name, code } of [...files, manifest, settings]) writeFileSync(join(folder, name), code);
    api = new API({ cwd: folder });
    const { program } = api.updateSnapshot({ openProjects: [join(folder, settings.name)] }).getProjects()[0]!;
    const [mistake] = program.getConfigFileParsingDiagnostics();
    if (mistake !== undefined) throw new Error(messageOf(mistake));
    return files.flatMap(({ name, code }) => {
      const path = join(folder, name);
      const found = [...program.getSyntacticDiagnostics(path), ...program.getSemanticDiagnostics(path)];
      return found
        .filter((problem) => !(name.endsWith('.js') && UNTYPED.includes(problem.code)))
        .map((problem) => ({
          name,
          line: code.slice(0, problem.pos).split('\n').length,
          message: messageOf(problem),
        }));
    });
  } finally {
    api?.close();
    rmSync(folder, { recursive: true });
  }
}

/** Returns a message with its details, each on an indented line. */
function messageOf({ text, messageChain = [] }: Diagnostic): string {
  return [text, ...messageChain.map((detail) => messageOf(detail).replaceAll(/^/gm, '  '))].join('\n');
}

/** Formats an error: `mistake.ts line 2: …`. */
export function problemText({ name, line, message }: Problem): string {
  return `${name} line ${line}: ${message}`;
}
