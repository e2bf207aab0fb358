import type { StreamFrom } from '../../../protocol/index.js';
import type { Connection } from '../../connections/connection.js';
import type { Services } from './command.js';
import { openSubscription } from './open-subscription.js';
import { takeOver } from './subscribe-by-server.js';
import type { SubscriptionGrant } from './subscription-grant.js';

/**
 * Subscribes a connection to a channel that is a stream, or moves its reader to another place.
 * @throws ProtocolError
 */
export async function subscribeStream(
  services: Services,
  connection: Connection,
  grant: SubscriptionGrant,
  from: StreamFrom,
  ref: string | undefined,
): Promise<void> {
  const { bridge, streams, budget } = services;
  const { channelName: channel } = grant;
  const existing = connection.subscriptions.get(channel);
  const subscription = existing ?? (await openSubscription(services, connection, grant, {}))?.subscription;
  if (subscription === undefined) return;
  takeOver(subscription);
  try {
    const joined = await streams.join(subscription, grant.channel, from);
    if (joined === null) return;
    if (!grant.isCurrent) await grant.renew();
    if (connection.closing) return;
    budget.chargeUnconditionally(connection, joined.behind);
    connection.send({ type: 'subscribed', channel, stream: joined.info }, ref);
    joined.start();
  } catch (error) {
    if (existing === undefined) bridge.detach(subscription);
    throw error;
  }
}
