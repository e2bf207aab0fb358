/** The build that this file belongs to. In the CommonJS build `import.meta.url` is `__filename`. */
const BUILD = import.meta.url.startsWith('file:') ? 'ES modules' : 'CommonJS';

const KEY = Symbol.for('nestjs-realtime:build');

/**
 * Refuses the second build of the package in one process. Each has its own classes: Nest would not find the providers of one
 * in the other, and the reason would be hard to see. Node loads the ES modules for `import` and for `require`, so this needs
 * a tool that resolves `require` in another way.
 * @throws Error if the other build is loaded
 */
export function refuseSecondBuild(globals: object = globalThis, build: string = BUILD): void {
  const loaded = ((globals as { [KEY]?: string })[KEY] ??= build);
  if (loaded === build) return;
  throw new Error(
    `nestjs-realtime is loaded twice: first its build as ${loaded}, now its build as ${build}. ` +
      'Load it in one way, by import or by require: see docs/module.md, "ES modules and CommonJS"',
  );
}
