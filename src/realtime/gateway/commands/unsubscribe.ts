import { isWildcard, ProtocolError, wildcardPrefix } from '../../../protocol/index.js';
import type { Connection } from '../../connections/connection.js';
import { sendError } from '../send-error.js';
import { TimeSlices } from '../time-slices.js';
import type { Command, Services } from './command.js';

/** Cost of each channel, in bytes. It is larger than the answer and roughly equivalent to the processing time. */
const UNSUBSCRIBE_COST = 256;

/**
 * `{"type":"unsubscribe",…}`: answers with `unsubscribed` or `error` for each channel. A wildcard ends all matching
 * subscriptions.
 */
export const unsubscribe: Command<'unsubscribe'> = {
  cost: ({ channels }) => channels.length * UNSUBSCRIBE_COST,
  run: async (services, connection, { channels, ref }) => {
    const slices = new TimeSlices();
    for (const requested of channels) {
      const names = isWildcard(requested) ? subscribedUnder(connection, requested) : [requested];
      if (names.length === 0)
        sendError(connection, new ProtocolError('not_subscribed', { channel: requested }), { ref });
      if (names.length > 1) services.budget.chargeUnconditionally(connection, (names.length - 1) * UNSUBSCRIBE_COST);
      for (const channel of names) {
        const pause = slices.next();
        if (pause !== undefined) await pause;
        if (connection.closing) return;
        leave(services, connection, channel, ref);
      }
    }
  },
};

function leave({ bridge }: Services, connection: Connection, channel: string, ref: string | undefined): void {
  const subscription = connection.subscriptions.get(channel);
  if (subscription === undefined) {
    sendError(connection, new ProtocolError('not_subscribed', { channel }), { ref });
    return;
  }
  bridge.detach(subscription);
  connection.send({ type: 'unsubscribed', channel }, ref);
}

function subscribedUnder(connection: Connection, wildcard: string): string[] {
  const prefix = wildcardPrefix(wildcard);
  return [...connection.subscriptions.keys()].filter((name) => name.startsWith(prefix));
}
