import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { mutated, type Mutation } from './mutations.js';

/** Checks the types of mutants, with the settings of `npm run build`. */
export class TypeCheck {
  /** Path and code of the file that is changed. */
  private changed: { readonly path: string; readonly code: string } | null = null;
  private version = 0;
  private readonly service: ts.LanguageService;

  /** @param files the files whose mutants are checked */
  constructor(files: readonly string[]) {
    const { config } = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path));
    const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, '.');
    this.service = ts.createLanguageService({
      getCompilationSettings: () => options,
      getScriptFileNames: () => files.map((file) => resolve(file)),
      getScriptVersion: (path) => (path === this.changed?.path ? `changed ${this.version}` : 'as it is'),
      getScriptSnapshot: (path) => {
        const code = path === this.changed?.path ? this.changed.code : ts.sys.readFile(path);
        return code === undefined ? undefined : ts.ScriptSnapshot.fromString(code);
      },
      getCurrentDirectory: () => process.cwd(),
      getDefaultLibFileName: (settings) => ts.getDefaultLibFilePath(settings),
      fileExists: (path) => ts.sys.fileExists(path),
      readFile: (path) => ts.sys.readFile(path),
      readDirectory: (...args) => ts.sys.readDirectory(...args),
    });
  }

  /** Returns true if a file has no error after the change. Errors in files that import it are not looked for. */
  accepts(file: string, mutation: Mutation): boolean {
    const path = resolve(file);
    this.version += 1;
    this.changed = { path, code: mutated(readFileSync(file, 'utf8'), mutation) };
    return [this.service.getSyntacticDiagnostics(path), this.service.getSemanticDiagnostics(path)].flat().length === 0;
  }
}
