import { MAX_REF_LENGTH } from '../../../protocol/index.js';
import { parametersOf } from '../patterns.js';

/** A request of a client to a channel, and its answer: names of messages of the channel. */
export interface ChannelRequest {
  readonly request: string;
  readonly reply: string;
}

/** The messages of one channel, by name. */
export interface ChannelMessages {
  readonly messages: Readonly<Record<string, object>>;
  /** Names of the messages that the server sends to subscribers. */
  readonly sent: readonly string[];
  readonly requests: readonly ChannelRequest[];
  /** Sentences for the description of the channel. */
  readonly about: readonly string[];
  /** Fields for the `x-realtime` of the channel. */
  readonly features: object;
}

/** Schemas of fields that many frames have. */
export const TIMESTAMP = { type: 'string', format: 'date-time' };
export const REF = {
  type: 'string',
  maxLength: MAX_REF_LENGTH,
  description: 'The reply carries the ref of its request',
};

/** Returns the schema of the field `channel`. */
export function channelField(address: string): object {
  return { type: 'string', ...(parametersOf(address).length === 0 ? { const: address } : {}) };
}

/** Returns the schema of a frame. The title is the name that generators give its type: `AppsCreatedFrame`. */
export function frameSchema(
  title: string,
  type: string,
  required: readonly string[],
  properties: Readonly<Record<string, object>>,
): object {
  return {
    title: `${title}Frame`,
    type: 'object',
    required: ['type', ...required],
    properties: { type: { type: 'string', const: type }, ...properties },
  };
}

/** Returns the name of the types of a channel, from its id in the document: `apps_created` → `AppsCreated`. */
export function typeName(id: string): string {
  return id.replaceAll(/(?:^|[_-])(\w)/g, (_, first: string) => first.toUpperCase());
}
