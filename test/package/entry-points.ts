import { ENTRIES, type PackageName } from '../support/packages.js';

/** Returns the names that an application imports from a package. */
export const namesOf = (name: PackageName): string[] =>
  Object.keys(ENTRIES[name]).map((subpath) => `${name}${subpath.slice(1)}`);

/** Returns statements that import each of these names. */
export const importAll = (names: readonly string[]): string =>
  names.map((name, index) => `import * as entry${index} from '${name}';`).join('\n');

/** Returns an expression that is true if each of them exports something. */
export const areFilled = (names: readonly string[]): string =>
  `[${names.map((_, index) => `Object.keys(entry${index}).length > 0`).join(', ')}].every(Boolean)`;
