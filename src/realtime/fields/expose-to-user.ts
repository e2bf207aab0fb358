import type { EventClass } from '../options/channel-definition.js';

/** Property → the properties that name the users to whom it is exposed. */
type ExposedProperties = Map<string, readonly string[]>;

/** By the prototype of the class that has the decorators. */
const exposed = new WeakMap<object, ExposedProperties>();

/** Any value for a class with these properties, if each of them can hold a user id; else none. */
export type HoldsUserIds<Target, Names extends string> = [Names] extends [keyof Target]
  ? Target[Names] extends string | number | null | undefined
    ? unknown
    : never
  : never;

/**
 * Also sends the field to the user whose id is in one of these properties of the same object, beside the groups of its `@Expose`.
 * A field without `@Expose({ groups })` is for these users alone.
 *
 *     @Expose({ groups: ['admin'] })
 *     @ExposeToUser('id')
 *     email!: string;
 */
export function ExposeToUser<const Names extends readonly [string, ...string[]]>(
  ...names: Names
): <Target extends object>(target: Target & HoldsUserIds<Target, Names[number]>, property: string) => void {
  return (target, property) => void exposed.set(target, new Map(exposed.get(target)).set(property, names));
}

/** Every property of a class that is exposed to users, inherited ones included. */
export function exposedToUsers(type: EventClass): ReadonlyMap<string, readonly string[]> {
  return inheritedBy(type.prototype as object);
}

function inheritedBy(prototype: object | null): ExposedProperties {
  if (prototype === null) return new Map();
  const inherited = inheritedBy(Object.getPrototypeOf(prototype) as object | null);
  return new Map([...inherited, ...(exposed.get(prototype) ?? [])]);
}

/**
 * The id of the user that an object names.
 * @param keys under which the id can be: if it is there twice, both must be the same
 * @returns `null` if the object names no user
 */
export function userNamedBy(value: object, keys: readonly string[]): string | null {
  const [id = null, ...others] = keys
    .filter((key) => Object.hasOwn(value, key))
    .map((key) => asUserId(Reflect.get(value, key)));
  return others.every((other) => other === id) ? id : null;
}

/** Whole numbers are ids too, as they are in tokens. */
function asUserId(value: unknown): string | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? String(value) : null;
  return typeof value === 'string' && value !== '' ? value : null;
}
