import type { EventClass } from '../../options/channel-definition.js';

/** By property: the properties that name the users to whom it is exposed. */
type ExposedProperties = Map<string, readonly string[]>;

/** By prototype of the class with the decorators. */
const exposed = new WeakMap<object, ExposedProperties>();

/** `unknown` for a class whose properties of these names can all hold a user id, otherwise `never`. */
export type HoldsUserIds<Target, Names extends string> = [Names] extends [keyof Target]
  ? Target[Names] extends string | number | null | undefined
    ? unknown
    : never
  : never;

/**
 * Sends the field also to the user whose id is in one of these properties of the same object, in addition to the groups of its
 * `@Expose`. A field without `@Expose({ groups })` is sent only to these users.
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

/** Returns all properties of a class that are exposed to users, including inherited ones. */
export function exposedToUsers(type: EventClass): ReadonlyMap<string, readonly string[]> {
  return inheritedBy(type.prototype as object);
}

function inheritedBy(prototype: object | null): ExposedProperties {
  if (prototype === null) return new Map();
  const inherited = inheritedBy(Object.getPrototypeOf(prototype) as object | null);
  return new Map([...inherited, ...(exposed.get(prototype) ?? [])]);
}

/**
 * Returns the id of the user that an object names.
 * @param keys keys that can contain the id; if several are present, they must be equal
 * @returns `null` if the object names no user
 */
export function userNamedBy(value: object, keys: readonly string[]): string | null {
  const [id = null, ...others] = keys
    .filter((key) => Object.hasOwn(value, key))
    .map((key) => asUserId(Reflect.get(value, key)));
  return others.every((other) => other === id) ? id : null;
}

/** Whole numbers are valid ids, as in tokens. */
function asUserId(value: unknown): string | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? String(value) : null;
  return typeof value === 'string' && value !== '' ? value : null;
}
