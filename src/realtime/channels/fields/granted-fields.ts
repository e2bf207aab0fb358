import type { ClassRules, FieldRule, NestedRules } from './class-rules.js';

/** Restricted fields that a policy granted to a subscriber in addition to those of its role, and its info for presence. */
export interface FieldGrants {
  /** Groups of fields. */
  readonly groups: readonly string[];
  /** Fields by name. Fields of nested classes are named by path: `customer.email`. */
  readonly fields: readonly string[];
  /** Info about the user for the members of the channel, as JSON of at most 1,024 bytes. Absent if there is none. */
  readonly info?: string;
}

export const NO_GRANTS: FieldGrants = { groups: [], fields: [] };

/** Granted fields as a tree: one step per name in the path of a field. */
export type GrantedFields = ReadonlyMap<FieldRule, Step>;

interface Step {
  /** True if the field itself is granted, not only a field nested in it. */
  granted: boolean;
  /** Granted fields of its value. */
  readonly inner: Map<FieldRule, Step>;
}

/**
 * Resolves paths to fields. Lists and maps are not part of a path: `lines.price` is the price of each line.
 * @param has returns true if the subscriber receives the field anyway
 * @returns the granted fields, and the paths that have an effect
 */
export function grantedFields(
  rules: ClassRules,
  paths: readonly string[],
  has: (rule: FieldRule) => boolean,
): { readonly paths: readonly string[]; readonly granted: GrantedFields } {
  const granted = new Map<FieldRule, Step>();
  const counting = [...new Set(paths)].sort().filter((path) => grant(granted, [rules], path.split('.'), has));
  return { paths: counting, granted };
}

/** @returns true if the path has an effect */
function grant(
  steps: Map<FieldRule, Step>,
  classes: readonly ClassRules[],
  [key, ...rest]: readonly string[],
  has: (rule: FieldRule) => boolean,
): boolean {
  const rules = [...new Set(classes.flatMap(({ fields }) => fields.get(key!) ?? []))];
  const differences = rules.map((rule) => {
    const step = steps.get(rule) ?? { granted: false, inner: new Map<FieldRule, Step>() };
    const differs =
      rest.length === 0 ? canBeGranted(rule) && !has(rule) : grant(step.inner, classesOf(rule), rest, has);
    if (!differs) return false;
    if (rest.length === 0) step.granted = true;
    steps.set(rule, step);
    return true;
  });
  return differences.includes(true);
}

/** Fields that the class hides from all clients cannot be granted. */
function canBeGranted({ groups, users }: FieldRule): boolean {
  return groups !== null && groups.length + users.length > 0;
}

function classesOf({ nested }: FieldRule): ClassRules[] {
  return nested === null ? [] : [nested.base, ...subTypesOf(nested)];
}

/** Returns the classes that the discriminator of a value can name. */
export function subTypesOf({ subTypes }: NestedRules): ClassRules[] {
  return [...(subTypes?.byName.values() ?? [])];
}
