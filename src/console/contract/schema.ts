/** A JSON Schema, as far as the documents have it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly description?: string;
  /** The groups of those who get the field. */
  readonly 'x-groups'?: readonly string[];
  /** The fields beside it with the ids of users who get it too. */
  readonly 'x-users'?: readonly string[];
  readonly [keyword: string]: unknown;
}

/** A part of what a field is: words, or the name of a type that is described elsewhere. */
export type Piece = string | { readonly type: string };

export interface Field {
  /** Its path, `row.id`; `[]` stands for each entry of a list. */
  readonly name: string;
  readonly pieces: readonly Piece[];
  readonly notes: readonly string[];
}

/** What is told in another way; every other keyword is a note as it is. */
const TOLD = new Set([
  ...['$ref', 'type', 'const', 'enum', 'items', 'properties', 'required', 'oneOf', 'anyOf', 'allOf'],
  ...['description', 'x-groups', 'x-users'],
]);

/** The fields of an object, those of objects inside it that have no name too. */
export function fieldsOf(schema: Schema, prefix = ''): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => {
    const name = prefix + key;
    const isOptional = schema.required?.includes(key) !== true;
    const own = { name, pieces: piecesOf(inner), notes: [...(isOptional ? ['optional'] : []), ...notesOf(inner)] };
    const suffix = inner.items === undefined ? '.' : '[].';
    return [own, ...fieldsOf(inner.items ?? inner, name + suffix)];
  });
}

/** What a value is: `Member[]`, `"owner" | "guest"`, `integer`. */
export function piecesOf(schema: Schema): Piece[] {
  const { $ref, items, type, oneOf, anyOf, allOf } = schema;
  if ($ref !== undefined) return [{ type: $ref.slice($ref.lastIndexOf('/') + 1) }];
  if (items !== undefined) {
    const inner = piecesOf(items);
    return inner.length === 1 ? [...inner, '[]'] : ['(', ...inner, ')[]'];
  }
  if ('const' in schema) return [JSON.stringify(schema.const)];
  if (schema.enum !== undefined) return [schema.enum.map((value) => JSON.stringify(value)).join(' | ')];
  const parts = oneOf ?? anyOf ?? allOf;
  if (parts !== undefined) {
    const sign = parts === allOf ? ' & ' : ' | ';
    return parts.flatMap((part, index) => [...(index === 0 ? [] : [sign]), ...piecesOf(part)]);
  }
  return [type === undefined ? 'anything' : [type].flat().join(' | ')];
}

/** What else is to know of a value. */
export function notesOf(schema: Schema): string[] {
  const users = (schema['x-users'] ?? []).map((field) => `the user in ${field}`);
  const audience = [...(schema['x-groups'] ?? []), ...users];
  return [
    ...(audience.length === 0 ? [] : [`only for ${audience.join(', ')}`]),
    ...(schema.description === undefined ? [] : [schema.description]),
    ...[schema, ...(schema.items === undefined ? [] : [schema.items])].flatMap((one) =>
      Object.entries(one)
        .filter(([keyword]) => !TOLD.has(keyword))
        .map(([keyword, value]) => `${keyword} ${typeof value === 'string' ? value : JSON.stringify(value)}`),
    ),
  ];
}
