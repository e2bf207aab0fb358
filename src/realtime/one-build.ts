/** The build of this file. In the CommonJS build `import.meta.url` is `__filename`. */
const BUILD = import.meta.url.startsWith('file:') ? 'ES modules' : 'CommonJS';

const KEY = Symbol.for('nestjs-realtime:build');

/**
 * Rejects a second build of the package in one process. The builds have different classes, so Nest would not find the
 * providers of one build in the other, and the error would be hard to understand. Node loads the ES modules for both
 * `import` and `require`; only a tool that resolves `require` in another way loads both builds.
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
