import { iterate } from './iterate.js';
import { observable, observe } from './observe.js';
import type { Channel, RealtimeEvent } from './types.js';

/**
 * The events of a channel for `for await`, and for `from()` of RxJS:
 *
 *     for await (const { data } of events(client.channel('apps:created'))) show(data);
 *     from(events(client.channel('apps:created'))).subscribe(({ data }) => show(data));
 *
 * Each loop, and each subscription, is a user of the channel until it ends. It ends with an error if the channel is refused,
 * and without one when the client is closed.
 */
export function events<T>(channel: Channel<T>): AsyncIterable<RealtimeEvent<T>> {
  return {
    [Symbol.asyncIterator]: () => iterate(channel),
    ...observable((observer) => observe(channel, observer)),
  };
}
