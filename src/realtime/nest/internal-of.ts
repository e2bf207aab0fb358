/**
 * Returns an internal value of Nest. It is not in a public entry point, so a later release may move it.
 * @param file the file of Nest that has the value in Nest 11 and 12, for the error
 * @throws Error if the value does not exist
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
