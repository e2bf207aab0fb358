import type { Access, Channel, ChannelCatalogue } from '../channel-catalogue.js';
import { parametersOf } from '../patterns.js';
import type { EventClass } from '../../options/channel-definition.js';
import type { DescribedCommand } from './command-descriptions.js';
import { classesOf, describeCommands } from './command-sections.js';
import { describeMessages } from './message-sections.js';
import type { MessageType } from './message-types.js';
import { BUILTIN_DATA } from './builtin-data.js';
import { freeId } from './document-id.js';
import { dataSchemas, schemaReference } from './data-schemas.js';

/** Document fields that cannot be derived from the channels. */
export interface AsyncApiInfo {
  /** The name of the application. @default 'Realtime events' */
  readonly title?: string;
  /** The version of the application. @default '1.0.0' */
  readonly version?: string;
  /** Host of the server, with the port unless it is the default port of the protocol. @default 'localhost' */
  readonly host?: string;
  /** Protocol of the server. @default 'wss' */
  readonly protocol?: 'ws' | 'wss';
}

/** A channel, addressed by the name that clients subscribe to. */
export interface AsyncApiChannel {
  /** `null` for the messages of the application, which belong to no channel. */
  readonly address: string | null;
  readonly description: string;
  readonly [field: string]: unknown;
}

/** An AsyncAPI 3 document as plain, JSON-serializable data. */
export interface AsyncApiDocument {
  readonly asyncapi: '3.0.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly channels: Readonly<Record<string, AsyncApiChannel>>;
  readonly operations: Readonly<Record<string, object>>;
  readonly [section: string]: unknown;
}

const DESCRIPTION =
  'Events over WebSocket. A client sends {"type":"subscribe","channel":"…"} with the address of a channel, its parameters filled in, and receives each event as one JSON frame.';
const TOKEN = { $ref: '#/components/securitySchemes/token' };

/**
 * Describes channels as AsyncAPI 3 from the server's point of view: the server sends the events.
 * @param path path of the WebSocket endpoint
 * @param messageTypes message types of the application
 * @param commands its commands
 */
export function asyncApiDocument(
  catalogue: ChannelCatalogue,
  path: string,
  { title = 'Realtime events', version = '1.0.0', host = 'localhost', protocol = 'wss' }: AsyncApiInfo = {},
  messageTypes: readonly MessageType[] = [],
  commands: readonly DescribedCommand[] = [],
): AsyncApiDocument {
  const channels: Record<string, AsyncApiChannel> = {};
  const operations: Record<string, object> = {};
  const messages: Record<string, object> = {};
  const types = new Set<EventClass>();
  for (const [address, channel] of catalogue.registered()) {
    const id = freeId(address, channels);
    if (channel.data !== null) types.add(channel.data);
    messages[id] = {
      name: address,
      title: `An event of ${address}`,
      payload: frameOf(id, address, channel, catalogue.isBuiltIn(address)),
    };
    channels[id] = channelOf(id, address, channel);
    operations[`send_${id}`] = {
      action: 'send',
      channel: { $ref: `#/channels/${id}` },
      messages: [{ $ref: `#/channels/${id}/messages/event` }],
      ...(channel.access === 'public' ? {} : { security: [TOKEN] }),
    };
  }
  const own = describeMessages(messageTypes, freeId('messages', channels));
  const calls = describeCommands(commands, freeId('commands', { ...channels, ...own.channels }));
  for (const type of commands.flatMap(classesOf)) types.add(type);
  for (const { data } of messageTypes) if (typeof data === 'function') types.add(data);
  return {
    asyncapi: '3.0.0',
    info: { title, version, description: DESCRIPTION },
    defaultContentType: 'application/json',
    servers: { websocket: { host, pathname: path, protocol } },
    channels: { ...channels, ...own.channels, ...calls.channels },
    operations: { ...operations, ...own.operations, ...calls.operations },
    components: {
      messages: { ...messages, ...own.messages, ...calls.messages },
      schemas: dataSchemas(types),
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'In the Authorization header of the upgrade, as ?token=…, or in an auth frame',
        },
      },
    },
  };
}

function channelOf(
  id: string,
  address: string,
  { access, history, presence, presenceState, occupancy, autoSubscribe }: Channel,
): AsyncApiChannel {
  const parameters = parametersOf(address);
  return {
    address,
    description: [
      `For ${describeAccess(access)}.`,
      ...(history === null ? ['No history: events have no id.'] : []),
      ...(autoSubscribe ? ['Connections that can use it are subscribed from the start.'] : []),
    ].join(' '),
    ...(parameters.length === 0
      ? {}
      : { parameters: Object.fromEntries(parameters.map((name) => [name, { description: `The ${name}` }])) }),
    messages: { event: { $ref: `#/components/messages/${id}` } },
    'x-realtime': {
      access,
      history,
      presence,
      ...(presenceState && { presenceState }),
      ...(occupancy && { occupancy }),
      ...(autoSubscribe && { autoSubscribe }),
    },
  };
}

/** The titles are the names that generators give their types: `AppsCreatedFrame` and `AppsCreated`. */
function frameOf(id: string, address: string, { data, history }: Channel, isBuiltIn: boolean): object {
  const name = id.replaceAll(/(?:^|[_-])(\w)/g, (_, first: string) => first.toUpperCase());
  const builtIn = isBuiltIn ? BUILTIN_DATA[address] : undefined;
  const undeclared = builtIn === undefined ? { description: 'Any JSON' } : { title: name, ...builtIn };
  return {
    title: `${name}Frame`,
    type: 'object',
    required: ['type', 'channel', 'data', 'timestamp', ...(history === null ? [] : ['id'])],
    properties: {
      type: { type: 'string', const: 'event' },
      ...(history === null
        ? {}
        : { id: { type: 'string', description: 'The client stores it to resume after this event' } }),
      channel: { type: 'string', ...(parametersOf(address).length === 0 ? { const: address } : {}) },
      data: data === null ? undeclared : schemaReference(data),
      timestamp: { type: 'string', format: 'date-time' },
    },
  };
}

function describeAccess(access: Access): string {
  if (access === 'public') return 'everyone';
  if (access === 'authenticated') return 'every client with a token';
  if (access === 'admin') return 'administrators';
  if ('roles' in access) return `the roles ${access.roles.join(', ')}, and administrators`;
  if ('owner' in access) return `the user whose id is ${access.owner}, and administrators`;
  return `users that the policy ${access.policy} allows`;
}
