import { resolve } from 'node:path';
import ts from 'typescript';
import { SOURCES } from './packages.js';

/** A source file in memory: its path and its content. */
export interface SourceText {
  readonly path: string;
  readonly code: string;
}

/** Codes of `noImplicitAny` errors for parameters, which JavaScript cannot type. */
const UNTYPED = [7006, 7031];

/** Parsed files from disk, cached for all compilations of a spec. */
const READ = new Map<string, ts.SourceFile | undefined>();

/** Type-checks files like those of an application that has installed the package. @returns the errors */
export function compile(files: readonly SourceText[]): ts.Diagnostic[] {
  const config = ts.getParsedCommandLineOfConfigFile(
    'test/tsconfig.json',
    {
      allowJs: true,
      checkJs: true,
      noUnusedLocals: false,
      noUnusedParameters: false,
      paths: Object.fromEntries(Object.entries(SOURCES).map(([name, path]) => [name, [resolve(path)]])),
    },
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (problem) => expect(problem).toBeNull() },
  )!;
  const host = ts.createCompilerHost(config.options);
  const codeOf = (path: string) => files.find((file) => file.path === path)?.code;
  const onDisk = ts.createCompilerHost(config.options);
  host.fileExists = (path) => codeOf(path) !== undefined || onDisk.fileExists(path);
  host.readFile = (path) => codeOf(path) ?? onDisk.readFile(path);
  host.getSourceFile = (path, language, ...rest) => {
    const code = codeOf(path);
    if (code !== undefined) return ts.createSourceFile(path, code, language);
    if (!READ.has(path)) READ.set(path, onDisk.getSourceFile(path, language, ...rest));
    return READ.get(path);
  };
  const program = ts.createProgram(
    files.map(({ path }) => path),
    config.options,
    host,
  );
  return files
    .flatMap(({ path }) => {
      const file = program.getSourceFile(path);
      return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    })
    .filter(({ code, file }) => !(file?.fileName.endsWith('.js') && UNTYPED.includes(code)));
}

/** Formats an error: `mistake.ts line 2: …`. */
export function problemText({ file, start, messageText }: ts.Diagnostic): string {
  const line = file?.getLineAndCharacterOfPosition(start ?? 0).line ?? 0;
  return `${file?.fileName} line ${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
}
