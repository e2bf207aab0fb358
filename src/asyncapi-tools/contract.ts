import { ANY, readObject, readSchema, type Schema } from './schema.js';
import { ToolError } from './tool-error.js';

/** Who may subscribe, as the document has it. */
export type Access =
  | 'public'
  | 'authenticated'
  | 'admin'
  | { readonly roles: readonly string[] }
  | { readonly owner: string }
  | { readonly policy: string };

/** What a document promises of one channel. */
export interface ContractChannel {
  /** `projects:{projectId}:updated` */
  readonly address: string;
  readonly description: string;
  readonly access: Access;
  /** Whether events are kept for those who come back. */
  readonly history: boolean;
  readonly presence: boolean;
  readonly data: Schema;
}

/** What a document promises to clients. */
export interface Contract {
  readonly title: string;
  readonly version: string;
  readonly channels: readonly ContractChannel[];
  readonly schemas: ReadonlyMap<string, Schema>;
}

const EXTENSION =
  'this command reads the documents that nestjs-realtime makes (GET /realtime/asyncapi.json, RealtimeAsyncApi)';

/**
 * Reads an AsyncAPI 3 document as the module makes it.
 * @param text JSON
 * @throws ToolError that says what is wrong with it
 */
export function readContract(text: string): Contract {
  const document = readObject(parse(text), 'the document');
  const version = document['asyncapi'];
  if (typeof version !== 'string' || !version.startsWith('3.')) {
    const found = version === undefined ? 'it has no field `asyncapi`' : `\`asyncapi\` is ${JSON.stringify(version)}`;
    throw new ToolError(`it is no AsyncAPI 3 document: ${found}`);
  }
  const info = readObject(document['info'] ?? {}, 'info');
  const components = readObject(document['components'] ?? {}, 'components');
  const schemas = new Map<string, Schema>();
  for (const [name, schema] of Object.entries(readObject(components['schemas'] ?? {}, 'components.schemas'))) {
    schemas.set(name, readSchema(schema, `components.schemas.${name}`));
  }
  const channels = Object.entries(readObject(document['channels'] ?? {}, 'channels')).map(([id, channel]) =>
    readChannel(document, readObject(channel, `channels.${id}`), `channels.${id}`),
  );
  checkReferences(channels, schemas);
  return { title: textOf(info['title']), version: textOf(info['version']), channels, schemas };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ToolError(`it is no JSON: ${(error as Error).message}`, { cause: error });
  }
}

function readChannel(document: object, channel: Record<string, unknown>, where: string): ContractChannel {
  const { address } = channel;
  if (typeof address !== 'string' || address === '') throw new ToolError(`${where} has no address; ${EXTENSION}`);
  const realtime = channel['x-realtime'];
  if (realtime === undefined)
    throw new ToolError(`${where} has no x-realtime, which says who may use it; ${EXTENSION}`);
  const { access, history, presence } = readObject(realtime, `${where}.x-realtime`);
  const messages = readObject(channel['messages'] ?? {}, `${where}.messages`);
  if (messages['event'] === undefined) throw new ToolError(`${where} has no message \`event\`; ${EXTENSION}`);
  const message = readObject(resolveReference(document, messages['event'], where), `${where}.messages.event`);
  const payload = readObject(message['payload'] ?? {}, `the payload of ${where}`);
  const { data } = readObject(payload['properties'] ?? {}, `the payload of ${where}`);
  return {
    address,
    description: textOf(channel['description']),
    access: readAccess(access, `${where}.x-realtime.access`),
    history: history !== null && history !== undefined && history !== false,
    presence: presence === true,
    data: data === undefined ? ANY : readSchema(data, `the data of ${address}`),
  };
}

/** What a `$ref` within the document stands for; what is none stands for itself. */
function resolveReference(document: object, value: unknown, where: string): unknown {
  const reference = readObject(value, where)['$ref'];
  if (reference === undefined) return value;
  let found: unknown = document;
  for (const step of typeof reference === 'string' ? reference.replace(/^#\//, '').split('/') : []) {
    found = (found as Record<string, unknown> | null | undefined)?.[step.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  if (found === undefined) throw new ToolError(`${where} refers to ${JSON.stringify(reference)}, which is not there`);
  return found;
}

function readAccess(value: unknown, where: string): Access {
  if (value === 'public' || value === 'authenticated' || value === 'admin') return value;
  const { roles, owner, policy } = readObject(value, where);
  if (Array.isArray(roles)) return { roles: roles.map(String) };
  if (typeof owner === 'string') return { owner };
  if (typeof policy === 'string') return { policy };
  throw new ToolError(`${where} is no rule that nestjs-realtime knows: ${JSON.stringify(value)}`);
}

function checkReferences(channels: readonly ContractChannel[], schemas: ReadonlyMap<string, Schema>): void {
  const check = (schema: Schema): void => {
    if (schema.kind === 'ref' && !schemas.has(schema.name)) {
      throw new ToolError(`#/components/schemas/${schema.name} is referred to, and not there`);
    }
    if (schema.kind === 'array') check(schema.items);
    if (schema.kind === 'union' || schema.kind === 'all') schema.of.forEach(check);
    if (schema.kind === 'object') {
      for (const field of schema.fields.values()) check(field.schema);
      if (schema.others !== null) check(schema.others);
    }
  };
  for (const { data } of channels) check(data);
  for (const schema of schemas.values()) check(schema);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
