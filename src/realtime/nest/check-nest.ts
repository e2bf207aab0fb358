import { installedVersion } from './installed-version.js';

/** Minimum release of Nest: the first whose `HttpAdapterHost` has `init$`. */
export const LOWEST_NEST = '11.1.4';

/** Packages of Nest that the module uses and that share its version number. */
const PACKAGES = ['@nestjs/core', '@nestjs/common', '@nestjs/websockets', '@nestjs/platform-ws'];

/**
 * Checks the installed release of Nest, because npm's `--force` and `--legacy-peer-deps` install any.
 * @throws Error if it is too old, or if two of its packages belong to different major releases
 */
export function checkNest(versionOf: (name: string) => string | null = installedVersion): void {
  const installed = PACKAGES.flatMap((name) => {
    const version = versionOf(name);
    return version === null ? [] : [{ name, version, major: numbersOf(version)[0] }];
  });
  for (const { name, version } of installed) {
    if (!isAtLeast(version, LOWEST_NEST)) {
      throw new Error(
        `RealtimeModule: ${name} ${version} is too old. Install Nest ${LOWEST_NEST} or later; see docs/module.md`,
      );
    }
  }
  const [core] = installed;
  const other = installed.find(({ major }) => major !== core?.major);
  if (core === undefined || other === undefined) return;
  throw new Error(
    `RealtimeModule: ${other.name} ${other.version} does not belong to ${core.name} ${core.version}. ` +
      `Run npm install ${other.name}@${core.major}`,
  );
}

function isAtLeast(version: string, lowest: string): boolean {
  const numbers = numbersOf(version);
  for (const [index, least] of numbersOf(lowest).entries()) {
    const number = numbers[index] ?? 0;
    if (number !== least) return number > least;
  }
  return true;
}

/** Parses a version: `12.0.0-alpha.1` → 12, 0, 0. */
function numbersOf(version: string): number[] {
  return version
    .replace(/[-+].*$/, '')
    .split('.')
    .map(Number);
}
