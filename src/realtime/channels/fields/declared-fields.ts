import type { EventClass } from '../../options/channel-definition.js';
import { classRules, type ClassRules, type NestedRules } from './class-rules.js';
import { subTypesOf } from './granted-fields.js';

/** TypeScript types that do not describe their contents. Everything in a field of such a type is declared. */
const OPEN_TYPES: ReadonlySet<unknown> = new Set([Object, Array, Map, Set, Date, Buffer, Promise]);

/** The declared fields of a class and its nested classes: those with a decorator of class-validator or class-transformer. */
export class DeclaredFields {
  private constructor(private readonly rules: ClassRules) {}

  /** @throws ClassRulesError */
  static of(type: EventClass): DeclaredFields {
    return new DeclaredFields(classRules(type));
  }

  /** Deletes all undeclared fields from data that was parsed from JSON. */
  strip(data: unknown): void {
    strip(data, this.rules);
  }
}

function strip(value: unknown, rules: ClassRules): void {
  if (Array.isArray(value)) for (const entry of value) strip(entry, rules);
  else if (isObject(value) && !OPEN_TYPES.has(rules.type)) {
    for (const [key, inner] of Object.entries(value)) {
      const declared = rules.fields.get(key);
      if (declared === undefined) Reflect.deleteProperty(value, key);
      for (const { nested } of declared ?? []) if (nested !== null) stripNested(inner, nested);
    }
  }
}

function stripNested(inner: unknown, nested: NestedRules): void {
  const value: unknown = nested.isMap && isObject(inner) ? Object.values(inner) : inner;
  const { subTypes } = nested;
  if (subTypes === null) return strip(value, nested.base);
  for (const entry of [value].flat(Infinity)) {
    if (!isObject(entry)) continue;
    const name: unknown = Reflect.get(entry, subTypes.property);
    const known = subTypes.byName.get(name);
    // Without a discriminator, only fields that all possible classes declare are kept.
    for (const rules of known === undefined ? [nested.base, ...subTypesOf(nested)] : [known]) strip(entry, rules);
    // The class does not need to declare the discriminator.
    if (known !== undefined) Reflect.set(entry, subTypes.property, name);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
