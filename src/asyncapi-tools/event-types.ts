import { parametersIn, takesIn } from './addresses.js';
import type { Contract, ContractChannel } from './contract.js';
import { comment, printKey, printObject, printType } from './print-type.js';
import type { Schema } from './schema.js';

/** Name of the event map in the generated file. */
const MAP = 'Events';

export interface EventTypesOptions {
  /**
   * Merges the channels into the client's event map too, for the hooks and for `createRealtimeClient()` without a type
   * argument.
   */
  readonly augment: boolean;
}

/**
 * Generates a TypeScript file: a type for each named schema, and the event map `Events` for
 * `createRealtimeClient<Events>`.
 */
export function eventTypes(contract: Contract, { augment }: EventTypesOptions): string {
  const names = typeNames(contract.schemas.keys());
  const nameOf = (schema: string): string => names.get(schema)!;
  const parts = [header(contract)];
  for (const [name, schema] of contract.schemas) parts.push(declaration(nameOf(name), schema, nameOf));
  parts.push(eventMap(contract.channels, nameOf));
  if (augment) parts.push(AUGMENTATION);
  return parts.join('\n');
}

const AUGMENTATION = `declare module 'nestjs-realtime/client' {
  interface RealtimeEvents extends ${MAP} {}
}
`;

function header({ title, version }: Contract): string {
  const of = [title, version].filter((text) => text !== '').join(' ');
  return `// Made by nestjs-realtime-asyncapi from the document of ${of.replaceAll(/\s+/g, ' ')}: run it again instead of editing.\n`;
}

function declaration(name: string, schema: Schema, nameOf: (schema: string) => string): string {
  return schema.kind === 'object' && schema.fields.size > 0
    ? `export interface ${name} ${printObject(schema, nameOf)}\n`
    : `export type ${name} = ${printType(schema, nameOf)};\n`;
}

function eventMap(channels: readonly ContractChannel[], nameOf: (schema: string) => string): string {
  // Channels by key. Channels with the same key share one type.
  const byKey = new Map<string, ContractChannel[]>();
  for (const channel of channels) {
    const key = keyOf(channel.address);
    byKey.set(key, [...(byKey.get(key) ?? []), channel]);
  }
  const entries = [...byKey].map(([key, [first, ...rest]]) => {
    // The type of an index signature must include the types of all keys that it matches.
    const within = channels.filter(({ address }) => address !== first!.address && takesIn(first!.address, address));
    const isTemplate = parametersIn(first!.address).length > 0;
    const data = [first!, ...rest, ...(isTemplate ? within : [])].map((channel) => channel.data);
    const about = comment([first!.address, first!.description].filter((text) => text !== '').join('\n'), '  ');
    return `${about}  ${key}: ${printData(data, nameOf)};\n`;
  });
  return `${comment('Channel → what its events carry.')}export interface ${MAP} {\n${entries.join('')}}\n`;
}

function printData(data: readonly Schema[], nameOf: (schema: string) => string): string {
  if (data.some(({ kind }) => kind === 'any')) return 'unknown';
  return [...new Set(data.map((schema) => printType(schema, nameOf, '  ')))].join(' | ');
}

/** `projects:{projectId}:updated` → `` [projectId: `projects:${string}:updated`] `` */
function keyOf(address: string): string {
  if (parametersIn(address).length === 0) return printKey(address);
  return `[channel: \`${address.replaceAll(/[`\\$]/g, '\\$&').replaceAll(/\{[^{}]*\}/g, '${string}')}\`]`;
}

/** Maps schema names to type names that are valid and distinct. */
function typeNames(schemas: Iterable<string>): Map<string, string> {
  const names = new Map<string, string>();
  const taken = new Set([MAP, 'Array', 'Record']); // names that the generated file uses
  for (const schema of schemas) {
    const name = schema.replaceAll(/[^\w$]/g, '_').replace(/^(?=\d)|^$/, '_');
    let free = name;
    for (let count = 2; taken.has(free); count += 1) free = `${name}_${count}`;
    taken.add(free);
    names.set(schema, free);
  }
  return names;
}
