import { ToolError } from './tool-error.js';

export type Literal = string | number | boolean | null;

export interface Field {
  readonly schema: Schema;
  readonly required: boolean;
  readonly description: string | null;
  /** Groups that receive the field, in addition to {@link users}; `null` means all clients. */
  readonly groups: readonly string[] | null;
  /** Sibling fields with user ids: these users receive the field too. */
  readonly users: readonly string[];
}

/**
 * The part of JSON Schema that describes types. Limits of values (`minimum`, `maxLength`, `pattern` …) are left out,
 * because no type shows them.
 */
export type Schema =
  | { readonly kind: 'any' }
  | { readonly kind: 'ref'; readonly name: string }
  | { readonly kind: 'literal'; readonly value: Literal }
  | {
      readonly kind: 'simple';
      readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'null';
      readonly format: string | null;
    }
  | { readonly kind: 'array'; readonly items: Schema }
  | {
      readonly kind: 'object';
      readonly fields: ReadonlyMap<string, Field>;
      /** Schema of the fields that are not listed; `null` if there is none. */
      readonly others: Schema | null;
    }
  /** A value matches one of these schemas. */
  | { readonly kind: 'union'; readonly of: readonly Schema[] }
  /** A value matches all of these schemas. */
  | { readonly kind: 'all'; readonly of: readonly Schema[] };

export const ANY: Schema = { kind: 'any' };

const REFERENCE = /^#\/components\/schemas\/([^/]+)$/;

/**
 * Reads a JSON Schema.
 * @param where place of the schema, for error messages
 * @throws ToolError if it is not a schema, or refers to a schema outside of `#/components/schemas`
 */
export function readSchema(value: unknown, where: string): Schema {
  if (typeof value === 'boolean') return ANY;
  const schema = readObject(value, where);
  if (schema['$ref'] !== undefined) return { kind: 'ref', name: referenceOf(schema['$ref'], where) };
  const parts: Schema[] = [];
  for (const word of ['oneOf', 'anyOf']) {
    if (schema[word] !== undefined) parts.push(union(readList(schema[word], `${where}.${word}`)));
  }
  if (schema['allOf'] !== undefined) parts.push(...readList(schema['allOf'], `${where}.allOf`));
  parts.push(typed(schema, where));
  const specific = parts.filter(({ kind }) => kind !== 'any');
  return specific.length > 1 ? { kind: 'all', of: specific } : (specific[0] ?? ANY);
}

/** @throws ToolError if the value is not an object */
export function readObject(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new ToolError(`${where} must be an object`);
}

/** Follows references until it reaches a schema that is not a reference. */
export function resolved(schema: Schema, schemas: ReadonlyMap<string, Schema>): Schema {
  let found = schema;
  for (let steps = 0; found.kind === 'ref' && steps <= schemas.size; steps += 1) found = schemas.get(found.name) ?? ANY;
  return found.kind === 'ref' ? ANY : found;
}

function typed(schema: Record<string, unknown>, where: string): Schema {
  if (schema['const'] !== undefined) return literal(schema['const']);
  if (Array.isArray(schema['enum'])) return union(schema['enum'].map(literal));
  if (Array.isArray(schema['type'])) return union(schema['type'].map((type) => ofType(type, schema, where)));
  const implied = schema['properties'] !== undefined ? 'object' : schema['items'] !== undefined ? 'array' : undefined;
  return ofType(schema['type'] ?? implied, schema, where);
}

function ofType(type: unknown, schema: Record<string, unknown>, where: string): Schema {
  switch (type) {
    case undefined:
      return ANY;
    case 'string':
    case 'number':
    case 'integer':
    case 'boolean':
    case 'null':
      return { kind: 'simple', type, format: typeof schema['format'] === 'string' ? schema['format'] : null };
    case 'array':
      return { kind: 'array', items: itemsOf(schema['items'], `${where}.items`) };
    case 'object':
      return objectOf(schema, where);
    default:
      throw new ToolError(`${where}.type must be a type of JSON Schema, not ${JSON.stringify(type)}`);
  }
}

function itemsOf(items: unknown, where: string): Schema {
  if (items === undefined) return ANY;
  return Array.isArray(items) ? union(readList(items, where)) : readSchema(items, where);
}

function objectOf(schema: Record<string, unknown>, where: string): Schema {
  const required = new Set(Array.isArray(schema['required']) ? (schema['required'] as unknown[]) : []);
  const fields = new Map<string, Field>();
  for (const [name, value] of Object.entries(readObject(schema['properties'] ?? {}, `${where}.properties`))) {
    const field = readSchema(value, `${where}.properties.${name}`);
    const { description, 'x-groups': groups, 'x-users': users } = value as Record<string, unknown>;
    fields.set(name, {
      schema: field,
      required: required.has(name),
      description: typeof description === 'string' ? description : null,
      groups: Array.isArray(groups) ? groups.map(String) : null,
      users: Array.isArray(users) ? users.map(String) : [],
    });
  }
  const others = schema['additionalProperties'];
  const areTyped = typeof others === 'object' && others !== null;
  return { kind: 'object', fields, others: areTyped ? readSchema(others, `${where}.additionalProperties`) : null };
}

function readList(value: unknown, where: string): Schema[] {
  if (!Array.isArray(value)) throw new ToolError(`${where} must be a list`);
  return value.map((one, index) => readSchema(one, `${where}[${index}]`));
}

function union(of: readonly Schema[]): Schema {
  if (of.length === 0 || of.some(({ kind }) => kind === 'any')) return ANY;
  return of.length === 1 ? of[0]! : { kind: 'union', of };
}

function literal(value: unknown): Schema {
  return typeof value === 'object' && value !== null ? ANY : { kind: 'literal', value: value as Literal };
}

function referenceOf(reference: unknown, where: string): string {
  const name = typeof reference === 'string' ? REFERENCE.exec(reference)?.[1] : undefined;
  if (name === undefined) {
    throw new ToolError(`${where} refers to ${JSON.stringify(reference)}, which is not in #/components/schemas`);
  }
  return name.replaceAll('~1', '/').replaceAll('~0', '~');
}
