import type { Channel } from '../channel-catalogue.js';
import { BUILTIN_DATA } from './builtin-data.js';
import { channelField, frameSchema, TIMESTAMP, typeName, type ChannelMessages } from './channel-messages.js';
import { schemaReference } from './data-schemas.js';

/** Describes the messages of a channel of events. */
export function eventMessages(
  id: string,
  address: string,
  { data, history }: Channel,
  isBuiltIn: boolean,
): ChannelMessages {
  const name = typeName(id);
  const builtIn = isBuiltIn ? BUILTIN_DATA[address] : undefined;
  const undeclared = builtIn === undefined ? { description: 'Any JSON' } : { title: name, ...builtIn };
  const payload = eventFrame(name, address, data === null ? undeclared : schemaReference(data), history !== null);
  return {
    messages: { event: { name: address, title: `An event of ${address}`, payload } },
    sent: ['event'],
    requests: [],
    about: history === null ? ['No history: events have no id.'] : [],
    features: {},
  };
}

/** Returns the schema of an `event` frame. */
export function eventFrame(name: string, address: string, data: object, hasId: boolean): object {
  const id = { type: 'string', description: 'The client stores it to resume after this event' };
  return frameSchema(name, 'event', ['channel', 'data', 'timestamp', ...(hasId ? ['id'] : [])], {
    ...(hasId && { id }),
    ...{ channel: channelField(address), data, timestamp: TIMESTAMP },
  });
}
