import type { Field, Schema } from './schema.js';

/** A comment of one or several lines, of which no text can break out. */
export function comment(text: string, indent = ''): string {
  const lines = text.replaceAll('*/', '*\\/').split(/\r\n|[\n\r\u2028\u2029]/);
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join('')}${indent} */\n`;
}

/**
 * A type in TypeScript.
 * @param nameOf how the type of a schema that has a name is called
 */
export function printType(schema: Schema, nameOf: (schema: string) => string, indent = ''): string {
  const print = (inner: Schema): string => printType(inner, nameOf, indent);
  switch (schema.kind) {
    case 'any':
      return 'unknown';
    case 'ref':
      return nameOf(schema.name);
    case 'literal':
      return JSON.stringify(schema.value);
    case 'simple':
      return schema.type === 'integer' ? 'number' : schema.type;
    case 'array':
      return `Array<${print(schema.items)}>`;
    case 'object':
      return printObject(schema, nameOf, indent);
    case 'union':
      return [...new Set(schema.of.map(print))].join(' | ');
    case 'all':
      return schema.of.map((part) => (part.kind === 'union' ? `(${print(part)})` : print(part))).join(' & ');
  }
}

/** The body of an interface, or a type of its own. */
export function printObject(
  { fields, others }: Extract<Schema, { kind: 'object' }>,
  nameOf: (schema: string) => string,
  indent = '',
): string {
  if (fields.size === 0) {
    return others === null ? 'object' : `Record<string, ${printType(others, nameOf, indent)}>`;
  }
  const inner = `${indent}  `;
  const lines = [...fields].map(([name, field]) => printField(name, field, nameOf, inner));
  // Named fields have other types than the rest: what is not named cannot be told apart from them.
  if (others !== null) lines.push(`${inner}[field: string]: unknown;\n`);
  return `{\n${lines.join('')}${indent}}`;
}

/** A name as a key of an object type, with quotes where it needs them. */
export function printKey(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

function printField(
  name: string,
  { schema, required, description }: Field,
  nameOf: (schema: string) => string,
  indent: string,
): string {
  const about = description === null ? '' : comment(description, indent);
  return `${about}${indent}${printKey(name)}${required ? '' : '?'}: ${printType(schema, nameOf, indent)};\n`;
}
