import type { EventClass } from '../options/channel-definition.js';
import { allRules, classRules, type ClassRules, type FieldRule, type NestedRules } from './class-rules.js';
import { grantedFields, subTypesOf, type GrantedFields } from './granted-fields.js';

/** What somebody gets of a channel's limited fields, as text that is the same for all who get the same. */
export type View = string;

/** Gets what everybody gets, and nothing more. */
export const NO_GROUPS: View = '[[],[]]';

/** What a view lets through. */
interface Shown {
  readonly groups: ReadonlySet<string>;
  readonly granted: GrantedFields;
}

/** Which fields of a channel's events are not for everybody, as class-transformer's `@Expose({ groups })` and `@Exclude()` say. */
export class FieldGroups {
  /** Every group that some field is for. */
  readonly groups: ReadonlySet<string>;
  private readonly hidesFromAll: boolean;
  private readonly shown = new Map<View, Shown>();

  private constructor(private readonly rules: ClassRules) {
    const all = [...allRules(rules)];
    const fields = all.flatMap((one) => [...one.fields.values()].flat());
    this.groups = new Set(fields.flatMap(({ groups }) => groups ?? []));
    this.hidesFromAll = all.some((one) => one.exposedOnly) || fields.some(({ groups }) => groups?.length === 0);
  }

  /** @returns `null` where everybody gets everything. @throws ClassRulesError */
  static of(type: EventClass): FieldGroups | null {
    const found = new FieldGroups(classRules(type));
    return found.hidesFromAll || found.groups.size > 0 ? found : null;
  }

  /**
   * What whoever has these groups, and was granted these fields by name, gets: groups that no field is for make no difference,
   * nor do names of no such field, or of one that is had already.
   */
  viewOf(groups: Iterable<string>, fields: readonly string[] = []): View {
    const given = new Set(groups);
    const own = [...this.groups].filter((group) => given.has(group)).sort();
    return JSON.stringify([own, this.granted(new Set(own), fields).paths]);
  }

  /** Whether it leaves nothing out. */
  isWhole(view: View): boolean {
    return !this.hidesFromAll && this.shownTo(view).groups.size === this.groups.size;
  }

  /** Takes out of data, as it was parsed, what is not for this view. */
  narrow(data: unknown, view: View): void {
    const { groups, granted } = this.shownTo(view);
    narrow(data, this.rules, groups, granted);
  }

  private shownTo(view: View): Shown {
    let shown = this.shown.get(view);
    if (shown === undefined) {
      const [own, fields] = JSON.parse(view) as [string[], string[]];
      const groups = new Set(own);
      this.shown.set(view, (shown = { groups, granted: this.granted(groups, fields).granted }));
    }
    return shown;
  }

  private granted(own: ReadonlySet<string>, fields: readonly string[]): ReturnType<typeof grantedFields> {
    return grantedFields(this.rules, fields, (rule) => isForGroup(rule, own));
  }
}

const NONE: GrantedFields = new Map();

function narrow(value: unknown, rules: ClassRules, own: ReadonlySet<string>, granted: GrantedFields): void {
  if (Array.isArray(value)) for (const entry of value) narrow(entry, rules, own, granted);
  if (!isObject(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    const all = rules.fields.get(key);
    if (all === undefined ? rules.exposedOnly : !all.every((rule) => isFor(rule, own, granted))) {
      Reflect.deleteProperty(value, key);
      continue;
    }
    for (const rule of all ?? []) {
      if (rule.nested !== null) narrowNested(inner, rule.nested, own, granted.get(rule)?.inner ?? NONE);
    }
  }
}

function narrowNested(inner: unknown, nested: NestedRules, own: ReadonlySet<string>, granted: GrantedFields): void {
  const value: unknown = nested.isMap && isObject(inner) ? Object.values(inner) : inner;
  if (nested.subTypes === null) return narrow(value, nested.base, own, granted);
  for (const entry of [value].flat(Infinity)) {
    if (!isObject(entry)) continue;
    const known = nested.subTypes.byName.get(Reflect.get(entry, nested.subTypes.property));
    // One that does not say what it is is held to the rules of all that it may be.
    for (const rules of known === undefined ? [nested.base, ...subTypesOf(nested)] : [known]) {
      narrow(entry, rules, own, granted);
    }
  }
}

function isFor(rule: FieldRule, own: ReadonlySet<string>, granted: GrantedFields): boolean {
  return isForGroup(rule, own) || granted.get(rule)?.granted === true;
}

function isForGroup({ groups }: FieldRule, own: ReadonlySet<string>): boolean {
  return groups === null || groups.some((group) => own.has(group));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
