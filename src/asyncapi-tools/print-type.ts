import type { Field, Schema } from './schema.js';

/** Prints a comment of one or more lines. Text that would end the comment is escaped. */
export function comment(text: string, indent = ''): string {
  const lines = text.replaceAll('*/', '*\\/').split(/\r\n|[\n\r\u2028\u2029]/);
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join('')}${indent} */\n`;
}

/**
 * Prints a TypeScript type.
 * @param nameOf returns the type name of a named schema
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

/** Prints the body of an interface, or an object type. */
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
  // An index signature must include the types of the named fields too, so it is `unknown`.
  if (others !== null) lines.push(`${inner}[field: string]: unknown;\n`);
  return `{\n${lines.join('')}${indent}}`;
}

/** Prints a name as the key of an object type, quoted if necessary. */
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
