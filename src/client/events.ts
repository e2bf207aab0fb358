import { iterate } from './iterate.js';
import { observable, observe } from './observe.js';
import type { Channel, RealtimeEvent } from './types.js';

/**
 * Returns the events of a channel for `for await`, and for `from()` of RxJS:
 *
 *     for await (const { data } of events(client.channel('apps:created'))) show(data);
 *     from(events(client.channel('apps:created'))).subscribe(({ data }) => show(data));
 *
 * Each loop, and each subscription, counts as a subscriber of the channel until it ends. It fails if the channel is
 * refused, and ends without an error when the client is closed.
 */
export function events<T>(channel: Channel<T>): AsyncIterable<RealtimeEvent<T>> {
  return {
    [Symbol.asyncIterator]: () => iterate(channel),
    ...observable((observer) => observe(channel, observer)),
  };
}
