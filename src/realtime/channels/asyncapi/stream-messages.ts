import { MAX_STREAM_ID_LENGTH, STREAM_STATES } from '../../../protocol/index.js';
import type { EventClass } from '../../options/channel-definition.js';
import type { StreamSettings } from '../channel-settings.js';
import { channelField, frameSchema, REF, TIMESTAMP, typeName, type ChannelMessages } from './channel-messages.js';
import { schemaReference } from './data-schemas.js';

const TEXT = { type: 'string' };
const BYTES = { type: 'integer', minimum: 0 };
const ID = { ...TEXT, maxLength: MAX_STREAM_ID_LENGTH };
const ENDS = STREAM_STATES.filter((state) => state !== 'none' && state !== 'open');

/** Describes the messages of a stream: its parts, its end, and the request to cancel it. */
export function streamMessages(
  id: string,
  address: string,
  { lines, maxBytes, cancel, item, result }: StreamSettings,
): ChannelMessages {
  const name = typeName(id);
  const channel = channelField(address);
  const content: Record<string, object> = lines
    ? { items: { type: 'array', items: schemaOf(item) } }
    : { text: { ...TEXT, description: 'The part, in Unicode' } };
  return {
    messages: {
      stream: {
        ...{ name: 'stream', title: `A part of ${address}, or its end` },
        payload: frameSchema(`${name}Stream`, 'stream', ['channel', 'at', 'next'], {
          channel,
          id: { ...ID, description: 'Id of the stream, if it is another one than before: it starts over' },
          at: { ...BYTES, description: 'First byte of the part, in UTF-8' },
          next: { ...BYTES, description: 'Byte after the part: the client stores it to resume' },
          ...content,
          state: { ...TEXT, enum: ENDS, description: 'Present in the last frame' },
          result: schemaOf(result),
          reason: TEXT,
        }),
      },
      subscribe: {
        ...{ name: 'subscribe', title: `A request to read ${address}` },
        payload: frameSchema(`${name}Subscribe`, 'subscribe', ['channel', 'stream'], {
          channel,
          stream: {
            ...{ type: 'object', properties: { at: BYTES, id: ID } },
            description: 'The place from which the client reads; {} for the beginning',
          },
          ref: REF,
        }),
      },
      subscribed: {
        ...{ name: 'subscribed', title: `The subscription to ${address} exists` },
        payload: frameSchema(`${name}Subscribed`, 'subscribed', ['channel', 'stream', 'timestamp'], {
          channel,
          stream: {
            ...{ type: 'object', required: ['id', 'start', 'next', 'state'] },
            properties: {
              id: { type: ['string', 'null'], description: 'null until a writer has opened the stream' },
              ...{ start: BYTES, next: BYTES, state: { ...TEXT, enum: STREAM_STATES } },
            },
          },
          ...{ ref: REF, timestamp: TIMESTAMP },
        }),
      },
      cancel: {
        ...{ name: 'stream_cancel', title: `A request to the writer of ${address} to stop` },
        payload: frameSchema(`${name}Cancel`, 'stream_cancel', ['channel'], { channel, ref: REF }),
      },
      cancelled: {
        ...{ name: 'stream_cancelled', title: `The writer of ${address} has received the request to stop` },
        payload: frameSchema(`${name}Cancelled`, 'stream_cancelled', ['channel', 'timestamp'], {
          ...{ channel, ref: REF, timestamp: TIMESTAMP },
        }),
      },
    },
    sent: ['stream'],
    requests: [
      { request: 'subscribe', reply: 'subscribed' },
      { request: 'cancel', reply: 'cancelled' },
    ],
    about: [lines ? 'A stream of JSON lines, without events.' : 'A stream of text, without events.'],
    features: { stream: { lines, maxBytes, cancel } },
  };
}

function schemaOf(type: EventClass | null): object {
  return type === null ? { description: 'Any JSON' } : schemaReference(type);
}
