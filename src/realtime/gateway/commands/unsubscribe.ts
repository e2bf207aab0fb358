import { isWildcard, ProtocolError, wildcardPrefix } from '../../../protocol/index.js';
import type { Connection } from '../../connections/connection.js';
import { sendError } from '../send-error.js';
import type { Command } from './command.js';

/** `{"type":"unsubscribe",…}`: each channel is answered by `unsubscribed` or by `error`; a wildcard by what one has of it. */
export const unsubscribe: Command<'unsubscribe'> = ({ bridge }, connection, { channels, ref }) => {
  for (const asked of channels) {
    const names = isWildcard(asked) ? subscribedUnder(connection, asked) : [asked];
    if (names.length === 0) sendError(connection, new ProtocolError('not_subscribed', { channel: asked }), { ref });
    for (const channel of names) {
      const subscription = connection.subscriptions.get(channel);
      if (subscription === undefined) {
        sendError(connection, new ProtocolError('not_subscribed', { channel }), { ref });
        continue;
      }
      bridge.detach(subscription);
      connection.send({ type: 'unsubscribed', channel }, ref);
    }
  }
};

function subscribedUnder(connection: Connection, wildcard: string): string[] {
  const prefix = wildcardPrefix(wildcard);
  return [...connection.subscriptions.keys()].filter((name) => name.startsWith(prefix));
}
