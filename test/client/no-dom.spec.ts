import { basename, resolve } from 'node:path';
import ts from 'typescript';

const strict: ts.CompilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
};

/** Returns the declarations of these files and of everything that they import: file → text. */
function declarationsOf(files: readonly string[]): Map<string, string> {
  const declarations = new Map<string, string>();
  const options = {
    ...strict,
    skipLibCheck: true,
    noCheck: true,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: 'src',
    outDir: 'declarations',
  };
  ts.createProgram(files, options).emit(undefined, (file, text) => declarations.set(resolve(file), text));
  return declarations;
}

/** Compiles with the types of the language only, without those of browsers and Node. Returns the errors. */
function problemsWithoutDom(declarations: ReadonlyMap<string, string>): string[] {
  const options: ts.CompilerOptions = { ...strict, lib: ['lib.es2023.d.ts'], types: [], noEmit: true };
  const host = ts.createCompilerHost(options);
  const disk = ts.createCompilerHost(options);
  delete host.directoryExists; // no directory of this name exists
  host.readFile = (file) => declarations.get(resolve(file)) ?? disk.readFile(file);
  host.fileExists = (file) => declarations.has(resolve(file)) || disk.fileExists(file);
  host.getSourceFile = (file, version) => {
    const text = declarations.get(resolve(file));
    return text === undefined ? disk.getSourceFile(file, version) : ts.createSourceFile(file, text, version);
  };
  const entries = [...declarations.keys()].filter((file) => /\/(index|mistake)\.d\.ts$/.test(file));
  return ts
    .getPreEmitDiagnostics(ts.createProgram(entries, options, host))
    .map(
      ({ file, messageText }) =>
        `${basename(file?.fileName ?? '')}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
}

it('the client, its shared sockets and its streams can be used without the types of browsers and of Node', () => {
  const entries = ['index', 'shared/index', 'sse/index', 'live/index'].map((name) => `src/client/${name}.ts`);
  const declarations = declarationsOf(entries);
  expect(declarations.size).toBeGreaterThan(10);
  declarations.set(resolve('declarations/mistake.d.ts'), 'export declare const signal: AbortSignal;');
  expect(problemsWithoutDom(declarations)).toEqual(["mistake.d.ts: Cannot find name 'AbortSignal'."]);
});
