import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import ts from 'typescript';

const importsOf = new Map<string, readonly string[]>();

/** Lists the TypeScript files that a file imports itself. Types count too: it costs a spec, and misses none. */
function imports(file: string): readonly string[] {
  let found = importsOf.get(file);
  if (found === undefined) {
    found = ts
      .preProcessFile(readFileSync(file, 'utf8'))
      .importedFiles.filter(({ fileName }) => fileName.startsWith('.') && fileName.endsWith('.js'))
      .map(({ fileName }) => join(dirname(file), fileName.replace(/\.js$/, '.ts')))
      .filter((path) => existsSync(path));
    importsOf.set(file, found);
  }
  return found;
}

/** Lists the files that a file imports, directly or through others, and the file itself. */
export function closureOf(file: string): ReadonlySet<string> {
  const closure = new Set([file]);
  for (const member of closure) for (const path of imports(member)) closure.add(path);
  return closure;
}

/** Returns the specs that load a file: its own spec first, then those that load the fewest files. */
export function relatedSpecs(file: string, specs: readonly string[]): string[] {
  const own = `${basename(file, '.ts')}.spec.ts`;
  const costOf = (spec: string): number => (basename(spec) === own ? 0 : closureOf(spec).size);
  return specs
    .filter((spec) => closureOf(spec).has(file))
    .toSorted((one, other) => costOf(one) - costOf(other) || (one < other ? -1 : 1));
}
