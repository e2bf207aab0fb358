import { MAX_REF_LENGTH } from '../../../protocol/index.js';
import type { EventClass } from '../../options/channel-definition.js';
import type { DescribedCommand } from './command-descriptions.js';
import { schemaReference } from './data-schemas.js';
import { freeId } from './document-id.js';

interface Sections {
  readonly channels: Readonly<Record<string, { readonly address: null; readonly description: string }>>;
  readonly operations: Readonly<Record<string, object>>;
  readonly messages: Readonly<Record<string, object>>;
}

const DESCRIPTION = 'Commands of the application. They belong to no channel: a client calls them over its connection.';
const ANY = { description: 'Any JSON' };
const CALL_ID = { type: 'string', maxLength: 64, description: 'Id of the call, which its outcome carries' };
const REF = { type: 'string', maxLength: MAX_REF_LENGTH, description: 'The reply carries the ref of its request' };
const EFFECTS = {
  type: 'array',
  items: { type: 'object', required: ['channel'], properties: { channel: { type: 'string' }, id: { type: 'string' } } },
};

/**
 * Describes the commands of the application from the server's point of view: the server receives each call, and replies with its
 * result.
 * @param channelId id of the channel of the document that contains them
 */
export function describeCommands(commands: readonly DescribedCommand[], channelId: string): Sections {
  if (commands.length === 0) return { channels: {}, operations: {}, messages: {} };
  const messages: Record<string, object> = {};
  const operations: Record<string, object> = {};
  const channel = { $ref: `#/channels/${channelId}` };
  const inChannel: Record<string, object> = {};
  const add = (id: string, message: object): { $ref: string } => {
    messages[id] = message;
    inChannel[id] = { $ref: `#/components/messages/${id}` };
    return { $ref: `#/channels/${channelId}/messages/${id}` };
  };
  for (const { name, input, output, once, anonymous, offline } of commands) {
    const id = freeId(`command_${name}`, messages);
    const request = add(id, {
      ...{ name, title: `A call of ${name}` },
      payload: {
        type: 'object',
        required: ['type', 'name', 'callId', ...(input === null ? [] : ['data'])],
        properties: {
          ...{ type: { type: 'string', const: 'call' }, name: { type: 'string', const: name } },
          ...{ callId: CALL_ID, data: schemaOf(input), ref: REF },
        },
      },
    });
    const reply = add(`${id}_result`, {
      ...{ name, title: `The result of ${name}` },
      payload: {
        type: 'object',
        required: ['type', 'callId', 'data', 'timestamp'],
        properties: {
          ...{ type: { type: 'string', const: 'result' }, callId: CALL_ID, data: schemaOf(output), effects: EFFECTS },
          ...{ ref: REF, timestamp: { type: 'string', format: 'date-time' } },
        },
      },
    });
    operations[`receive_${id}`] = {
      ...{ action: 'receive', channel, messages: [request], reply: { channel, messages: [reply] } },
      'x-realtime': { command: name, once, anonymous, offline },
    };
  }
  const about = { address: null, description: DESCRIPTION, messages: inChannel, 'x-realtime': { messages: true } };
  return { channels: { [channelId]: about }, operations, messages };
}

function schemaOf(type: EventClass | readonly [EventClass] | null): object {
  if (type === null) return ANY;
  return typeof type === 'function' ? schemaReference(type) : { type: 'array', items: schemaReference(type[0]) };
}

/** Returns the classes whose schemas the document contains. */
export function classesOf({ input, output }: DescribedCommand): EventClass[] {
  return [input, output].flatMap((type) => (type === null ? [] : typeof type === 'function' ? [type] : [type[0]]));
}
