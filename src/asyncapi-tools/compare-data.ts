import type { Difference } from './changes.js';
import { printType } from './print-type.js';
import { ANY, resolved, type Field, type Schema } from './schema.js';

type Schemas = ReadonlyMap<string, Schema>;
type Structure = Extract<Schema, { kind: 'object' | 'array' }>;

/** Named schemas of the older and of the newer document. */
export interface Names {
  readonly before: Schemas;
  readonly after: Schemas;
}

/**
 * Compares the data that clients receive. A change is breaking if data can arrive that the older document ruled out: a
 * field is missing or has a new type. Fewer types and additional fields are harmless.
 * @param label name of the data in the sentences
 */
export function compareData(before: Schema, after: Schema, names: Names, label = 'data'): Difference[] {
  const open = new Set<string>(); // pairs that are being compared, because schemas can be recursive

  const compare = (older: Schema, newer: Schema, path: string): Difference[] => {
    const pair = older.kind === 'ref' && newer.kind === 'ref' ? `${older.name} ${newer.name}` : null;
    if (pair === null) return compareOptions(optionsOf(older, names.before), optionsOf(newer, names.after), path);
    if (open.has(pair)) return [];
    open.add(pair);
    const found = compareOptions(optionsOf(older, names.before), optionsOf(newer, names.after), path);
    open.delete(pair);
    return found;
  };

  const compareOptions = (older: readonly Schema[], newer: readonly Schema[], path: string): Difference[] => {
    const [was, is] = [textOf(older), textOf(newer)];
    const changed = (breaks: boolean): Difference[] => [{ breaks, text: `${path} is ${is}, and was ${was}` }];
    if (older.some(isAny)) return newer.some(isAny) ? [] : changed(false);
    if (newer.some(isAny)) return changed(true);
    const inner: Difference[] = [];
    for (const option of newer) {
      if (!isStructure(option)) {
        if (!older.some((known) => admits(known, option))) return changed(true);
        continue;
      }
      const alike = older.filter((known): known is Structure => known.kind === option.kind);
      const answers = alike.map((known) => compareStructures(known, option, path));
      const answer = answers.find((found) => found.every(({ breaks }) => !breaks)) ?? answers[0];
      if (answer === undefined) return changed(true);
      inner.push(...answer);
    }
    const isNarrower = older.some(
      (known) => !newer.some((option) => (isStructure(known) ? known.kind === option.kind : admits(option, known))),
    );
    return isNarrower ? [...changed(false), ...inner] : inner;
  };

  const compareStructures = (older: Structure, newer: Structure, path: string): Difference[] => {
    if (older.kind === 'array' || newer.kind === 'array') {
      return older.kind === 'array' && newer.kind === 'array' ? compare(older.items, newer.items, `${path}[]`) : [];
    }
    const differences: Difference[] = [];
    for (const [name, field] of older.fields) {
      differences.push(...compareFields(field, newer.fields.get(name), `${path}.${name}`));
    }
    for (const name of newer.fields.keys()) {
      if (!older.fields.has(name)) differences.push({ breaks: false, text: `${path}.${name} is new` });
    }
    if (older.others !== null) differences.push(...compare(older.others, newer.others ?? ANY, `${path}.*`));
    return differences;
  };

  const compareFields = (older: Field, newer: Field | undefined, path: string): Difference[] => {
    if (newer === undefined) return [{ breaks: true, text: `${path} is gone` }];
    const differences: Difference[] = [];
    const audience = compareAudiences(older, newer);
    if (audience !== null)
      differences.push({
        breaks: audience,
        text: `${path} is for ${describeAudience(newer)}, and was for ${describeAudience(older)}`,
      });
    else if (older.required && !newer.required) differences.push({ breaks: true, text: `${path} can now be missing` });
    if (!older.required && newer.required) differences.push({ breaks: false, text: `${path} is now always present` });
    return [...differences, ...compare(older.schema, newer.schema, path)];
  };

  return compare(before, after, label);
}

/**
 * Returns true if a client that received the field no longer receives it, false if more clients receive it, and `null` if
 * the audience is the same.
 */
function compareAudiences(older: Field, newer: Field): boolean | null {
  const [was, is] = [audienceOf(older), audienceOf(newer)];
  if (is === null) return was === null ? null : false;
  if (was?.length === is.length && was.every((one) => is.includes(one))) return null;
  return was === null || !was.every((one) => is.includes(one));
}

/** Describes groups and users in words; `null` means all clients. */
function audienceOf({ groups, users }: Field): string[] | null {
  if (groups === null) return null;
  return [...groups.map((group) => `group ${group}`), ...users.map((field) => `user in ${field}`)];
}

function describeAudience({ groups, users }: Field): string {
  if (groups === null) return 'everyone';
  const parts = [
    ...(groups.length === 0 ? [] : [`the group${groups.length === 1 ? '' : 's'} ${groups.join(', ')}`]),
    ...users.map((field) => `the user in ${field}`),
  ];
  return parts.join(' and ');
}

function isAny({ kind }: Schema): boolean {
  return kind === 'any';
}

function isStructure(schema: Schema): schema is Structure {
  return schema.kind === 'object' || schema.kind === 'array';
}

/** Returns true if every value of type `option` is also of type `known`. Neither is an object or an array. */
function admits(known: Schema, option: Schema): boolean {
  if (known.kind === 'literal') return option.kind === 'literal' && option.value === known.value;
  if (known.kind !== 'simple') return false;
  if (option.kind === 'simple') {
    const isOfType = option.type === known.type || (option.type === 'integer' && known.type === 'number');
    return isOfType && (known.format === null || known.format === option.format);
  }
  if (option.kind !== 'literal' || known.format !== null) return false;
  if (known.type === 'integer') return Number.isInteger(option.value);
  return option.value === null ? known.type === 'null' : typeof option.value === known.type;
}

/**
 * Returns the alternative types of a schema: names are resolved, nested unions are flattened, and objects within `all`
 * are merged.
 */
function optionsOf(schema: Schema, schemas: Schemas): Schema[] {
  const plain = resolved(schema, schemas);
  if (plain.kind === 'union') return plain.of.flatMap((one) => optionsOf(one, schemas));
  if (plain.kind !== 'all') return [plain];
  const parts = plain.of.map((part) => resolved(part, schemas));
  const fields = new Map<string, Field>();
  for (const part of parts) {
    if (part.kind !== 'object') continue;
    for (const [name, field] of part.fields) fields.set(name, field);
  }
  if (parts.every(({ kind }) => kind === 'object')) return [{ kind: 'object', fields, others: null }];
  // `string` combined with a union of three strings is that union.
  const choice = parts.find(({ kind }) => kind === 'union') ?? parts.find(({ kind }) => kind !== 'object') ?? ANY;
  return choice.kind === 'all' ? [ANY] : optionsOf(choice, schemas);
}

function textOf(options: readonly Schema[]): string {
  return [...new Set(options.map(nameOf))].join(' | ');
}

function nameOf(option: Schema): string {
  if (option.kind === 'any') return 'anything';
  if (option.kind === 'object') return 'an object';
  if (option.kind === 'array') return 'a list';
  if (option.kind !== 'simple') return printType(option, (name) => name);
  return option.format === null ? option.type : `${option.type} (${option.format})`;
}
