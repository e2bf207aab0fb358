import { MAX_EVENT_ID_LENGTH, STATE_ERRORS } from '../../../protocol/index.js';
import type { EventClass } from '../../options/channel-definition.js';
import { channelField, frameSchema, REF, TIMESTAMP, typeName, type ChannelMessages } from './channel-messages.js';
import { schemaReference } from './data-schemas.js';
import { eventFrame } from './event-messages.js';

const TEXT = { type: 'string' };
const COUNT = { type: 'integer', minimum: 1 };
const POINTER = 'JSON Pointers (RFC 6901) from the root of the state; "" is the whole state';

/** Data of the events of a live resource. */
const PATCH = {
  description: 'A change of the state: first the removals, then the new values. With reload, a state frame follows.',
  type: 'object',
  properties: {
    set: { type: 'object', additionalProperties: true, description: `Values by path: ${POINTER}` },
    remove: { type: 'array', items: TEXT, description: `Paths: ${POINTER}` },
    reload: { type: 'boolean' },
  },
};

/** Describes the messages of a live resource: its state, and the events that change it. */
export function liveMessages(id: string, address: string, state: EventClass): ChannelMessages {
  const name = typeName(id);
  const channel = channelField(address);
  const position = { type: 'string', description: 'Id of the last event that the state contains' };
  const stateFields = { channel, id: position, timestamp: TIMESTAMP };
  return {
    messages: {
      state: {
        ...{ name: 'state', title: `The state of ${address}` },
        payload: frameSchema(`${name}State`, 'state', ['channel', 'id', 'data', 'timestamp'], {
          ...stateFields,
          data: schemaReference(state),
        }),
      },
      statePart: {
        ...{ name: 'state', title: `A part of a large state of ${address}` },
        payload: frameSchema(`${name}StatePart`, 'state', ['channel', 'id', 'part', 'parts', 'text', 'timestamp'], {
          ...{ ...stateFields, part: COUNT, parts: COUNT },
          text: { ...TEXT, description: 'The texts of all parts, joined in order, are the JSON of the state' },
        }),
      },
      stateError: {
        ...{ name: 'state_error', title: `The state of ${address} cannot be sent now` },
        payload: frameSchema(`${name}StateError`, 'state_error', ['channel', 'code', 'message', 'timestamp'], {
          ...{ channel, code: { ...TEXT, enum: STATE_ERRORS }, message: TEXT, timestamp: TIMESTAMP },
        }),
      },
      event: { name: address, title: `A patch of ${address}`, payload: eventFrame(name, address, PATCH, true) },
      subscribe: {
        ...{ name: 'subscribe', title: `A request for the state of ${address}` },
        payload: frameSchema(`${name}Subscribe`, 'subscribe', ['channel', 'state'], {
          ...{ channel, state: { type: 'boolean', const: true } },
          lastEventId: { ...TEXT, maxLength: MAX_EVENT_ID_LENGTH, description: 'Id after which a client resumes' },
          ref: REF,
        }),
      },
      subscribed: {
        ...{ name: 'subscribed', title: `The subscription to ${address} exists` },
        payload: frameSchema(`${name}Subscribed`, 'subscribed', ['channel', 'timestamp'], {
          ...{ channel, state: { type: 'boolean', description: 'True if the state follows' } },
          ...{ lastEventId: TEXT, recovered: { type: 'boolean' }, reason: TEXT, ref: REF, timestamp: TIMESTAMP },
        }),
      },
    },
    sent: ['state', 'statePart', 'stateError', 'event'],
    requests: [{ request: 'subscribe', reply: 'subscribed' }],
    about: ['A live resource: its events are patches of a state.'],
    features: { state: true },
  };
}
