import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';
import { targetConstructorToSchema, validationMetadatasToSchemas } from 'class-validator-jsonschema';
import { allRules, classRules, type ClassRules, type FieldRule } from '../fields/class-rules.js';
import type { EventClass } from '../../options/channel-definition.js';

const PREFIX = '#/components/schemas/';
const OPTIONS = { refPointerPrefix: PREFIX, classTransformerMetadataStorage: defaultMetadataStorage };

/**
 * Returns the JSON Schemas of classes decorated with class-validator and of their nested classes, by class name. A nested class
 * that is referenced only by a TypeScript type (no `@Type`) is looked up by name among all classes of the process.
 */
export function dataSchemas(types: Iterable<EventClass>): Record<string, object> {
  const rules = new Map<string, ClassRules>();
  const roots = [...types];
  for (const one of roots.flatMap((type) => [...allRules(classRules(type))])) {
    if (!rules.has(one.name)) rules.set(one.name, one);
  }
  const schemas: Record<string, object> = {};
  const add = (name: string, type: EventClass | undefined): void => {
    if (Object.hasOwn(schemas, name)) return;
    const schema = type === undefined ? schemaByName(name) : { ...targetConstructorToSchema(type, OPTIONS) };
    schemas[name] = schema;
    for (const [, nested] of JSON.stringify(schema).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) {
      add(nested!, rules.get(nested!)?.type);
    }
  };
  for (const type of roots) add(type.name, type);
  for (const [name, schema] of Object.entries(schemas)) {
    const one = rules.get(name);
    if (one !== undefined) schemas[name] = withGroups(withMaps(schema, one), one);
  }
  return schemas;
}

function schemaByName(name: string): object {
  return validationMetadatasToSchemas(OPTIONS)[name] ?? { type: 'object' };
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, object>>;
  readonly required?: readonly string[];
}

/** Describes a `Map` as an object with any keys. Without `each`, its schema would be that of an entry. */
function withMaps(schema: JsonSchema, { fields }: ClassRules): JsonSchema {
  const { properties } = schema;
  if (properties === undefined) return schema;
  const described = Object.entries(properties).map(([key, property]) => {
    const isMap = fields.get(key)?.some(({ nested }) => nested?.isMap === true) ?? false;
    if (!isMap || 'additionalProperties' in property) return [key, property];
    return [key, { type: 'object', additionalProperties: property }];
  });
  return { ...schema, properties: Object.fromEntries(described) as Record<string, object> };
}

/** Adds `x-groups` and `x-users` to restricted fields and makes them optional. Fields that no client receives are removed. */
function withGroups(schema: JsonSchema, { fields }: ClassRules): JsonSchema {
  const rulesOf = (key: string): readonly FieldRule[] => fields.get(key) ?? [];
  const isLimited = (key: string): boolean => rulesOf(key).some(({ groups }) => groups !== null);
  const isHidden = (key: string): boolean =>
    rulesOf(key).some(({ groups, users }) => groups?.length === 0 && users.length === 0);
  const { required = [], properties = {}, ...rest } = schema;
  const seen = Object.entries(properties).filter(([key]) => !isHidden(key));
  const described = seen.map(([key, property]) => {
    if (!isLimited(key)) return [key, property];
    const groups = rulesOf(key).flatMap((rule) => rule.groups ?? []);
    const users = rulesOf(key).flatMap((rule) => rule.users.map(([name]) => name!));
    return [key, { ...property, 'x-groups': groups, ...(users.length === 0 ? {} : { 'x-users': users }) }];
  });
  const always = required.filter((key) => !isLimited(key));
  return {
    ...rest,
    ...(described.length === 0 ? {} : { properties: Object.fromEntries(described) as Record<string, object> }),
    ...(always.length === 0 ? {} : { required: always }),
  };
}

/** Returns a reference to the schema of a class. */
export function schemaReference(type: EventClass): { $ref: string } {
  return { $ref: PREFIX + type.name };
}
