import type { Access, Channel, ChannelCatalogue } from '../channel-catalogue.js';
import { stateFieldsOf } from '../live-definition.js';
import { parametersOf } from '../patterns.js';
import type { EventClass } from '../../options/channel-definition.js';
import type { DescribedCommand } from './command-descriptions.js';
import { classesOf, describeCommands } from './command-sections.js';
import { describeMessages } from './message-sections.js';
import type { MessageType } from './message-types.js';
import type { ChannelMessages } from './channel-messages.js';
import { freeId } from './document-id.js';
import { dataSchemas } from './data-schemas.js';
import { eventMessages } from './event-messages.js';
import { liveMessages } from './live-messages.js';
import { streamMessages } from './stream-messages.js';

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
  const registered = idsOf(catalogue);
  for (const [id, [address, channel]] of Object.entries(registered)) {
    const described = messagesOf(id, address, channel, catalogue.isBuiltIn(address));
    for (const type of classesOfChannel(channel)) types.add(type);
    const references: Record<string, object> = {};
    for (const [name, message] of Object.entries(described.messages)) {
      const messageId = name === 'event' ? id : freeId(`${id}_${name}`, { ...registered, ...messages });
      messages[messageId] = message;
      references[name] = { $ref: `#/components/messages/${messageId}` };
    }
    channels[id] = channelOf(address, channel, described, references);
    Object.assign(operations, operationsOf(id, channel, described));
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

/** Returns the channels of the application by their ids in the document. */
function idsOf(catalogue: ChannelCatalogue): Record<string, [address: string, channel: Channel]> {
  const ids: Record<string, [string, Channel]> = {};
  for (const [address, channel] of catalogue.registered()) ids[freeId(address, ids)] = [address, channel];
  return ids;
}

function messagesOf(id: string, address: string, channel: Channel, isBuiltIn: boolean): ChannelMessages {
  if (channel.stream !== null) return streamMessages(id, address, channel.stream);
  const state = stateFieldsOf(channel);
  return state === null ? eventMessages(id, address, channel, isBuiltIn) : liveMessages(id, address, state.type);
}

function classesOfChannel(channel: Channel): EventClass[] {
  const { data, stream } = channel;
  const all = [data, stateFieldsOf(channel)?.type ?? null, stream?.item ?? null, stream?.result ?? null];
  return all.filter((type) => type !== null);
}

function channelOf(
  address: string,
  { access, history, presence, presenceState, occupancy, autoSubscribe }: Channel,
  { about, features }: ChannelMessages,
  messages: Readonly<Record<string, object>>,
): AsyncApiChannel {
  const parameters = parametersOf(address);
  return {
    address,
    description: [
      `For ${describeAccess(access)}.`,
      ...about,
      ...(autoSubscribe ? ['Connections that can use it are subscribed from the start.'] : []),
    ].join(' '),
    ...(parameters.length === 0
      ? {}
      : { parameters: Object.fromEntries(parameters.map((name) => [name, { description: `The ${name}` }])) }),
    messages,
    'x-realtime': {
      access,
      history,
      presence,
      ...(presenceState && { presenceState }),
      ...(occupancy && { occupancy }),
      ...(autoSubscribe && { autoSubscribe }),
      ...features,
    },
  };
}

function operationsOf(id: string, { access }: Channel, { sent, requests }: ChannelMessages): Record<string, object> {
  const channel = { $ref: `#/channels/${id}` };
  const message = (name: string): object => ({ $ref: `#/channels/${id}/messages/${name}` });
  const security = access === 'public' ? {} : { security: [TOKEN] };
  const operations: Record<string, object> = {
    [`send_${id}`]: { action: 'send', channel, messages: sent.map(message), ...security },
  };
  for (const { request, reply } of requests) {
    operations[`receive_${id}_${request}`] = {
      ...{ action: 'receive', channel, messages: [message(request)] },
      ...{ reply: { channel, messages: [message(reply)] }, ...security },
    };
  }
  return operations;
}

function describeAccess(access: Access): string {
  if (access === 'public') return 'everyone';
  if (access === 'authenticated') return 'every client with a token';
  if (access === 'admin') return 'administrators';
  if ('roles' in access) return `the roles ${access.roles.join(', ')}, and administrators`;
  if ('owner' in access) return `the user whose id is ${access.owner}, and administrators`;
  return `users that the policy ${access.policy} allows`;
}
