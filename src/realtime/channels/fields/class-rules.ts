import 'reflect-metadata';
import { defaultMetadataStorage as storage } from 'class-transformer/cjs/storage.js';
import type { ExcludeOptions, ExposeOptions, TypeHelpOptions } from 'class-transformer';
import { getMetadataStorage } from 'class-validator';
import type { EventClass } from '../../options/channel-definition.js';
import { exposedToUsers } from './expose-to-user.js';

/** The audience of a field, and the class of its value. */
export interface FieldRule {
  /** Clients in one of these groups receive the field. `null`: all clients, empty: no client. */
  readonly groups: readonly string[] | null;
  /**
   * Properties of the same object that can contain a user id: that user also receives the field. Each entry lists the JSON keys
   * of one property.
   */
  readonly users: readonly (readonly string[])[];
  /** The rules of its value, or of each entry of a list or map. */
  readonly nested: NestedRules | null;
}

/** The field rules of a class, read from its decorators: which clients receive which field. */
export interface ClassRules {
  readonly type: EventClass;
  /** The name of the class. */
  readonly name: string;
  /** Rules by JSON key. If a key has several rules, all of them must show the field. */
  readonly fields: ReadonlyMap<string, readonly FieldRule[]>;
  /** True for `@Exclude()` on the class: no client receives a field that is not exposed. */
  readonly exposedOnly: boolean;
}

export interface NestedRules {
  /** True if the value is a `Map`: a JSON object with any keys, whose values follow these rules. */
  readonly isMap: boolean;
  readonly base: ClassRules;
  /** If the value names its class with a discriminator: the property that does, and the rules by its value. */
  readonly subTypes: { readonly property: string; readonly byName: ReadonlyMap<unknown, ClassRules> } | null;
}

/** The rules of a class depend on more than the class itself. The message is a sentence without its subject. */
export class ClassRulesError extends Error {}

/**
 * Reads the rules of a class and its nested classes.
 * @throws ClassRulesError
 */
export function classRules(type: EventClass): ClassRules {
  return read(type, new Map());
}

/** Returns the rules of a class and all nested classes. */
export function allRules(rules: ClassRules, seen = new Set<ClassRules>()): Set<ClassRules> {
  if (seen.has(rules)) return seen;
  seen.add(rules);
  for (const { nested } of [...rules.fields.values()].flat()) {
    if (nested === null) continue;
    for (const one of [nested.base, ...(nested.subTypes?.byName.values() ?? [])]) allRules(one, seen);
  }
  return seen;
}

/** @param known rules that were already read or are being read: classes can contain themselves */
function read(type: EventClass, known: Map<EventClass, ClassRules>): ClassRules {
  const found = known.get(type);
  if (found !== undefined) return found;
  const fields = new Map<string, FieldRule[]>();
  const exposedOnly = storage.getStrategy(type) === 'excludeAll';
  const rules = { type, name: type.name, fields, exposedOnly };
  known.set(type, rules);
  const toUsers = exposedToUsers(type);
  for (const property of propertiesOf(type)) {
    const audience = audienceOf(type, property, exposedOnly, toUsers.get(property));
    const rule: FieldRule = { ...audience, nested: nestedIn(type, property, known) };
    for (const key of keysOf(type, property)) {
      fields.set(key, [...(fields.get(key) ?? []), rule]);
    }
  }
  for (const [property, names] of toUsers) checkNames(`${type.name}.${property}`, names, fields);
  return rules;
}

/**
 * Returns the JSON keys of a property: data can have the name in the class, or the name to which class-transformer renames it.
 */
function keysOf(type: EventClass, property: string): string[] {
  const name = storage.findExposeMetadata(type, property)?.options.name ?? property;
  return [...new Set([property, name])];
}

function audienceOf(
  type: EventClass,
  property: string,
  exposedOnly: boolean,
  names: readonly string[] = [],
): Pick<FieldRule, 'groups' | 'users'> {
  if (isHidden(type, property, exposedOnly && names.length === 0)) return { groups: [], users: [] };
  const groups = storage.findExposeMetadata(type, property)?.options.groups ?? [];
  const users = names.map((name) => keysOf(type, name));
  return { groups: groups.length + users.length > 0 ? groups : null, users };
}

/**
 * Checks that the named properties exist: otherwise the field would silently be exposed to no user.
 * @throws ClassRulesError
 */
function checkNames(where: string, names: readonly string[], fields: ClassRules['fields']): void {
  const missing = names.find((name) => !fields.has(name));
  if (missing === undefined) return;
  throw new ClassRulesError(
    `${where}: @ExposeToUser('${missing}') names a property that has no decorator: give it one, for example @IsString()`,
  );
}

/** Returns true if no client receives the field. */
function isHidden(type: EventClass, property: string, exposedOnly: boolean): boolean {
  const exclude = storage.findExcludeMetadata(type, property);
  if (exclude !== undefined && isForOutput(exclude.options)) return true;
  const expose = storage.findExposeMetadata(type, property);
  return exposedOnly && !(expose !== undefined && isForOutput(expose.options));
}

function isForOutput(options: ExposeOptions | ExcludeOptions | undefined): boolean {
  return options?.toClassOnly !== true;
}

/** Returns all properties with a decorator. */
function propertiesOf(type: EventClass): Set<string> {
  const types: unknown = Reflect.get(storage, '_typeMetadatas');
  if (!(types instanceof Map)) throw new ClassRulesError('cannot be read: class-transformer is not 0.5');
  const properties = [
    ...storage.getExposedMetadatas(type).map(({ propertyName }) => propertyName),
    ...storage.getExcludedMetadatas(type).map(({ propertyName }) => propertyName),
    ...getMetadataStorage()
      .getTargetValidationMetadatas(type, '', false, false)
      .map(({ propertyName }) => propertyName),
    ...exposedToUsers(type).keys(),
    ...withAncestors(type).flatMap((one) => [
      ...((types as Map<unknown, Map<string, unknown>>).get(one)?.keys() ?? []),
    ]),
  ];
  return new Set(properties.filter((property) => typeof property === 'string'));
}

function withAncestors(type: unknown): unknown[] {
  return typeof type === 'function' && type !== Function.prototype
    ? [type, ...withAncestors(Object.getPrototypeOf(type))]
    : [];
}

/** @throws ClassRulesError */
function nestedIn(type: EventClass, property: string, known: Map<EventClass, ClassRules>): NestedRules | null {
  const metadata = storage.findTypeMetadata(type, property);
  if (metadata === undefined) {
    const declared: unknown = Reflect.getMetadata('design:type', type.prototype as object, property);
    return isClass(declared) ? { isMap: false, base: read(declared, known), subTypes: null } : null;
  }
  const where = `${type.name}.${property}`;
  const { discriminator } = metadata.options ?? {};
  const isMap = metadata.reflectedType === Map;
  const base = typeOf(metadata.typeFunction, where, discriminator !== undefined);
  if (!isClass(base)) throw new ClassRulesError(`${where}: its @Type does not name a class`);
  if (discriminator === undefined) return { isMap, base: read(base, known), subTypes: null };
  const byName = discriminator.subTypes.map(({ name, value }) => [name, read(value as EventClass, known)] as const);
  return { isMap, base: read(base, known), subTypes: { property: discriminator.property, byName: new Map(byName) } };
}

/** Calls the function of `@Type` without an object. Detects a function that reads the object to choose the class. */
function typeOf(typeFunction: (help?: TypeHelpOptions) => unknown, where: string, hasSubTypes: boolean): unknown {
  let looked = false;
  const look = (): undefined => void (looked = true);
  const nothing = { newObject: {}, object: {}, property: '' };
  const help = new Proxy<TypeHelpOptions>(nothing, { get: look, has: () => (looked = true) });
  let type: unknown;
  try {
    type = typeFunction(help);
  } catch (error) {
    if (!looked) throw error;
  }
  if (looked && !hasSubTypes) {
    throw new ClassRulesError(`${where}: its @Type depends on the object: name one class, or give a discriminator`);
  }
  return type;
}

function isClass(type: unknown): type is EventClass {
  return typeof type === 'function';
}
