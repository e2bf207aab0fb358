import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';
import { targetConstructorToSchema, validationMetadatasToSchemas } from 'class-validator-jsonschema';
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
  return schemas;
}

/** How a document refers to the schema of a class. */
export function schemaReference(type: EventClass): { $ref: string } {
  return { $ref: PREFIX + type.name };
}
