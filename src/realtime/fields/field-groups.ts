import type { EventClass } from '../options/channel-definition.js';
import { allRules, classRules, type ClassRules, type FieldRule, type NestedRules } from './class-rules.js';

/** Which of a channel's groups of fields somebody gets, as text that is the same for all who get the same. */
export type View = string;

/** Gets what everybody gets, and nothing more. */
export const NO_GROUPS: View = '[]';

/** Which fields of a channel's events are not for everybody, as class-transformer's `@Expose({ groups })` and `@Exclude()` say. */
export class FieldGroups {
  /** Every group that some field is for. */
  readonly groups: ReadonlySet<string>;
  private readonly hidesFromAll: boolean;
  private readonly sets = new Map<View, ReadonlySet<string>>();

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

  /** What whoever has these groups gets: those that no field is for make no difference. */
  viewOf(groups: Iterable<string>): View {
    const own = new Set(groups);
    return JSON.stringify([...this.groups].filter((group) => own.has(group)).sort());
  }

  /** Whether it leaves nothing out. */
  isWhole(view: View): boolean {
    return !this.hidesFromAll && this.setOf(view).size === this.groups.size;
  }

  /** Takes out of data, as it was parsed, what is not for this view. */
  narrow(data: unknown, view: View): void {
    narrow(data, this.rules, this.setOf(view));
  }

  private setOf(view: View): ReadonlySet<string> {
    let set = this.sets.get(view);
    if (set === undefined) this.sets.set(view, (set = new Set(JSON.parse(view) as string[])));
    return set;
  }
}

function narrow(value: unknown, rules: ClassRules, own: ReadonlySet<string>): void {
  if (Array.isArray(value)) for (const entry of value) narrow(entry, rules, own);
  if (!isObject(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    const all = rules.fields.get(key);
    if (all === undefined ? rules.exposedOnly : !all.every((rule) => isFor(rule, own)))
      Reflect.deleteProperty(value, key);
    else for (const { nested } of all ?? []) if (nested !== null) narrowNested(inner, nested, own);
  }
}

function narrowNested(inner: unknown, nested: NestedRules, own: ReadonlySet<string>): void {
  const value: unknown = nested.isMap && isObject(inner) ? Object.values(inner) : inner;
  if (nested.subTypes === null) return narrow(value, nested.base, own);
  for (const entry of [value].flat(Infinity)) {
    if (!isObject(entry)) continue;
    const { property, byName } = nested.subTypes;
    const known = byName.get(Reflect.get(entry, property));
    // One that does not say what it is is held to the rules of all that it may be.
    for (const rules of known === undefined ? [nested.base, ...byName.values()] : [known]) narrow(entry, rules, own);
  }
}

function isFor({ groups }: FieldRule, own: ReadonlySet<string>): boolean {
  return groups === null || groups.some((group) => own.has(group));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
