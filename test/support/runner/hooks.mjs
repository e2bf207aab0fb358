import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compile } from './compiled.cjs';

const GLOBALS = new URL('./globals.mjs', import.meta.url).href;
const TYPESCRIPT = /\.ts$/;

/** Resolves `./x.js` to `./x.ts` if that exists, and `@jest/globals` to an instance for each importing file. */
export async function resolve(specifier, context, next) {
  const { parentURL = '' } = context;
  if (specifier === '@jest/globals') return { url: `${GLOBALS}?${parentURL}`, format: 'module', shortCircuit: true };
  if (specifier.startsWith('.') && specifier.endsWith('.js') && TYPESCRIPT.test(parentURL)) {
    const url = new URL(`${specifier.slice(0, -2)}ts`, parentURL);
    if (existsSync(fileURLToPath(url))) return { url: url.href, format: 'module', shortCircuit: true };
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!TYPESCRIPT.test(url)) return next(url, context);
  return { format: 'module', source: compile(fileURLToPath(url)), shortCircuit: true };
}
