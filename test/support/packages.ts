import { createRequire } from 'node:module';

interface Packages {
  readonly ENTRIES: Readonly<Record<PackageName, Readonly<Record<string, string>>>>;
  /** Fields of a manifest, such as `exports`. */
  readonly entryPointsOf: (name: PackageName) => Readonly<Record<string, unknown>>;
}

export type PackageName = 'nestjs-realtime' | 'nestjs-realtime-client';

/** Entry points of both packages: subpath, and file in `src` without the ending. */
export const { ENTRIES, entryPointsOf } = createRequire(import.meta.url)('../../.ci/packages.cjs') as Packages;

/** Every name that an application imports, with the file in `src` behind it. */
export const SOURCES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(ENTRIES).flatMap(([name, entries]) =>
    Object.entries(entries).map(([subpath, file]) => [`${name}${subpath.slice(1)}`, `src/${file}.ts`]),
  ),
);
