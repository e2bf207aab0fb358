import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transform } from '../../support/runner/compiled.cjs';

const TYPESCRIPT = /\.ts$/;

/**
 * A spec is imported with a mutant in its query, and every TypeScript file that it imports gets the same query. So each
 * mutant has fresh modules in a process that loads Node's packages once.
 */
export async function resolve(specifier, context, next) {
  const [parent, mutant] = (context.parentURL ?? '').split('?');
  const result = await next(specifier, { ...context, parentURL: parent });
  return mutant !== undefined && TYPESCRIPT.test(result.url) ? { ...result, url: `${result.url}?${mutant}` } : result;
}

export async function load(url, context, next) {
  const [path, query] = url.split('?');
  if (query === undefined || !TYPESCRIPT.test(path)) return next(url, context);
  const { file, start, end, replacement } = Object.fromEntries(new URLSearchParams(query));
  if (!path.endsWith(`/${file}`)) return next(path, context);
  const code = readFileSync(fileURLToPath(path), 'utf8');
  const mutated = code.slice(0, Number(start)) + replacement + code.slice(Number(end));
  return { format: 'module', source: transform(fileURLToPath(path), mutated).code, shortCircuit: true };
}
