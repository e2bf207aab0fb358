/** The subset of JSON Schema that the documents use. */
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
  /** Groups that receive the field. */
  readonly 'x-groups'?: readonly string[];
  /** Sibling fields with the ids of users who receive the field too. */
  readonly 'x-users'?: readonly string[];
  readonly [keyword: string]: unknown;
}

/** Part of a type description: text, or the name of a type that is described elsewhere. */
export type Piece = string | { readonly type: string };

export interface Field {
  /** Path of the field, such as `row.id`; `[]` stands for each entry of a list. */
  readonly name: string;
  readonly pieces: readonly Piece[];
  readonly notes: readonly string[];
}

/** Keywords that are shown in another way. All others are shown as notes. */
const DESCRIBED = new Set([
  ...['$ref', 'type', 'const', 'enum', 'items', 'properties', 'required', 'oneOf', 'anyOf', 'allOf'],
  ...['description', 'x-groups', 'x-users'],
]);

/** Lists the fields of an object, including those of unnamed nested objects. */
export function fieldsOf(schema: Schema, prefix = ''): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => {
    const name = prefix + key;
    const isOptional = schema.required?.includes(key) !== true;
    const own = { name, pieces: piecesOf(inner), notes: [...(isOptional ? ['optional'] : []), ...notesOf(inner)] };
    const suffix = inner.items === undefined ? '.' : '[].';
    return [own, ...fieldsOf(inner.items ?? inner, name + suffix)];
  });
}

/** Describes a type: `Member[]`, `"owner" | "guest"`, `integer`. */
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

/** Returns notes on a value: its audience, its description and its other keywords. */
export function notesOf(schema: Schema): string[] {
  const users = (schema['x-users'] ?? []).map((field) => `the user in ${field}`);
  const audience = [...(schema['x-groups'] ?? []), ...users];
  return [
    ...(audience.length === 0 ? [] : [`only for ${audience.join(', ')}`]),
    ...(schema.description === undefined ? [] : [schema.description]),
    ...[schema, ...(schema.items === undefined ? [] : [schema.items])].flatMap((one) =>
      Object.entries(one)
        .filter(([keyword]) => !DESCRIBED.has(keyword))
        .map(([keyword, value]) => `${keyword} ${typeof value === 'string' ? value : JSON.stringify(value)}`),
    ),
  ];
}
