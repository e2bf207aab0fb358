import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';
import { targetConstructorToSchema, validationMetadatasToSchemas } from 'class-validator-jsonschema';
import { allRules, classRules, type ClassRules } from '../fields/class-rules.js';
import type { EventClass } from '../options/channel-definition.js';

const PREFIX = '#/components/schemas/';
const OPTIONS = { refPointerPrefix: PREFIX, classTransformerMetadataStorage: defaultMetadataStorage };

/**
 * The JSON Schemas of classes decorated with class-validator, and of the classes that are nested in them, by name. Nested
 * classes are told apart by their names.
 */
export function dataSchemas(types: Iterable<EventClass>): Record<string, object> {
  const schemas: Record<string, object> = {};
  const all = validationMetadatasToSchemas(OPTIONS);
  const add = (name: string, schema: object): void => {
    if (Object.hasOwn(schemas, name)) return;
    schemas[name] = schema;
    for (const [, nested] of JSON.stringify(schema).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) {
      add(nested!, all[nested!] ?? { type: 'object' });
    }
  };
  for (const type of types) add(type.name, { ...targetConstructorToSchema(type, OPTIONS) });
  for (const rules of [...types].flatMap((type) => [...allRules(classRules(type))])) {
    const schema: JsonSchema | undefined = schemas[rules.name];
    if (schema !== undefined) schemas[rules.name] = withGroups(schema, rules);
  }
  return schemas;
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, object>>;
  readonly required?: readonly string[];
}

/** Says whom fields are for that not everybody gets: to those who do not, they are missing. What nobody gets is left out. */
function withGroups(schema: JsonSchema, { fields }: ClassRules): JsonSchema {
  const groupsOf = (key: string): readonly string[] => fields.get(key)?.flatMap(({ groups }) => groups ?? []) ?? [];
  const isHidden = (key: string): boolean => fields.get(key)?.some(({ groups }) => groups?.length === 0) === true;
  const { required = [], properties = {}, ...rest } = schema;
  const seen = Object.entries(properties).filter(([key]) => !isHidden(key));
  const told = seen.map(([key, property]) => {
    const groups = groupsOf(key);
    return [key, groups.length === 0 ? property : { ...property, 'x-groups': groups }];
  });
  const always = required.filter((key) => groupsOf(key).length === 0 && !isHidden(key));
  return {
    ...rest,
    ...(told.length === 0 ? {} : { properties: Object.fromEntries(told) as Record<string, object> }),
    ...(always.length === 0 ? {} : { required: always }),
  };
}

/** How a document refers to the schema of a class. */
export function schemaReference(type: EventClass): { $ref: string } {
  return { $ref: PREFIX + type.name };
}
