/**
 * An internal value of Nest: it is in no public entry point, so a later release may move it.
 * @param file the file of Nest that has it in Nest 11 and 12, for the error
 * @throws Error if it is not there
 */
export function internalOf<M extends object, K extends keyof M & string>(
  module: M,
  name: K,
  file: string,
): NonNullable<M[K]> {
  const value = module[name];
  if (value !== undefined && value !== null) return value;
  throw new Error(
    `${file} has no ${name}, which Nest 11 and 12 have: this release of Nest is not supported. ` +
      'Install a release that docs/module.md names, or a newer nestjs-realtime',
  );
}
