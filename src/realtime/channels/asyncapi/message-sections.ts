import { MAX_REF_LENGTH } from '../../../protocol/index.js';
import { schemaReference } from './data-schemas.js';
import { freeId } from './document-id.js';
import type { MessageType } from './message-types.js';

interface Sections {
  readonly channels: Readonly<Record<string, { readonly address: null; readonly description: string }>>;
  readonly operations: Readonly<Record<string, object>>;
  readonly messages: Readonly<Record<string, object>>;
}

const DESCRIPTION = 'Messages of the application. They belong to no channel: a client sends them over its connection.';

/**
 * Describes the message types of the application from the server's point of view: the server receives each, and replies with a
 * message of the same type.
 * @param channelId id of the channel of the document that contains them
 */
export function describeMessages(types: readonly MessageType[], channelId: string): Sections {
  if (types.length === 0) return { channels: {}, operations: {}, messages: {} };
  const messages: Record<string, object> = {};
  const operations: Record<string, object> = {};
  const channel = { $ref: `#/channels/${channelId}` };
  const inChannel: Record<string, object> = {};
  const add = (id: string, message: object): { $ref: string } => {
    messages[id] = message;
    inChannel[id] = { $ref: `#/components/messages/${id}` };
    return { $ref: `#/channels/${channelId}/messages/${id}` };
  };
  for (const { type, data } of types) {
    const id = freeId(`message_${type}`, messages);
    const request = add(id, messageOf(type, `A message ${type}`, schemaOf(data)));
    const reply = add(`${id}_reply`, messageOf(type, `The reply to ${type}`, { description: 'Any JSON' }));
    operations[`receive_${id}`] = {
      action: 'receive',
      channel,
      messages: [request],
      reply: { channel, messages: [reply] },
    };
  }
  const about = { address: null, description: DESCRIPTION, messages: inChannel, 'x-realtime': { messages: true } };
  return { channels: { [channelId]: about }, operations, messages };
}

function messageOf(name: string, title: string, data: object): object {
  const ref = { type: 'string', maxLength: MAX_REF_LENGTH, description: 'The reply carries the ref of its request' };
  const type = { type: 'string', const: name };
  return { name, title, payload: { type: 'object', required: ['type'], properties: { type, data, ref } } };
}

function schemaOf(data: MessageType['data']): object {
  if (data === null) return { description: 'Any JSON' };
  return typeof data === 'string' ? { type: data } : schemaReference(data);
}
