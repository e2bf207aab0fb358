import type { ClassRules, FieldRule, NestedRules } from './class-rules.js';

/** What a policy lets somebody have of a channel's events beside what its role has. */
export interface FieldGrants {
  /** Groups of fields. */
  readonly groups: readonly string[];
  /** Fields by name, those of nested classes by path: `customer.email`. */
  readonly fields: readonly string[];
}

export const NO_GRANTS: FieldGrants = { groups: [], fields: [] };

/** Fields that were granted by name: the rule of each, where on the way to it one is. */
export type GrantedFields = ReadonlyMap<FieldRule, Step>;

interface Step {
  /** It is for whoever was granted it, not only on the way to something. */
  granted: boolean;
  /** What was granted of what it is made of. */
  readonly inner: Map<FieldRule, Step>;
}

/**
 * Finds what paths name. Lists and maps are no steps of a path: `lines.price` is the price of each line.
 * @returns which fields are granted, and the paths that make a difference to whoever gets what `has` says
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

/** @returns whether it makes a difference */
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

/** Nobody is granted what the class hides from all. */
function canBeGranted({ groups, users }: FieldRule): boolean {
  return groups !== null && groups.length + users.length > 0;
}

function classesOf({ nested }: FieldRule): ClassRules[] {
  return nested === null ? [] : [nested.base, ...subTypesOf(nested)];
}

/** The classes that a value may say it is of. */
export function subTypesOf({ subTypes }: NestedRules): ClassRules[] {
  return [...(subTypes?.byName.values() ?? [])];
}
