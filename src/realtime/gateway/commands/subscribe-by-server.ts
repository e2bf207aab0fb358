import { ProtocolError } from '../../../protocol/index.js';
import type { ServerSubscriber } from '../../cluster/subscriptions/server-subscriptions.js';
import type { Connection } from '../../connections/connection.js';
import type { Subscription } from '../../connections/subscription.js';
import { LogLimiter } from '../../observability/log-limiter.js';
import { SafeLogger } from '../../observability/safe-logger.js';
import type { Services } from './command.js';
import { openSubscription, subscribedFrame } from './open-subscription.js';
import { SubscriptionGrant } from './subscription-grant.js';

/** Subscriptions that the server made, until their client asks for the channel. Subscriptions of clients cost nothing here. */
const made = new WeakSet<Subscription>();

const log = new LogLimiter(new SafeLogger('Realtime'));

/** Subscribes connections between two frames of their clients, so that each channel is handled once at a time. */
export function serverSubscriber(services: Services): ServerSubscriber {
  return (connection, channel, isWanted) =>
    new Promise((resolve) => {
      connection.frames?.add(async () => {
        try {
          if (isWanted() && !connection.closing) await subscribeByServer(services, connection, channel, isWanted);
          resolve(null);
        } catch (error) {
          if (!(error instanceof ProtocolError)) log.error('subscribe', 'A subscription of the server failed', error);
          resolve(error instanceof ProtocolError ? error.code : 'internal');
        }
      });
    });
}

/**
 * Subscribes a connection to a channel for the server, with the checks of a client's request.
 * @param isWanted returns false once the server does not want the subscription any more
 * @throws ProtocolError if it is refused, or cannot be decided
 */
async function subscribeByServer(
  services: Services,
  connection: Connection,
  channel: string,
  isWanted: () => boolean,
): Promise<void> {
  const grant = await SubscriptionGrant.authorize(services.policy, connection, channel);
  if (grant.channel.stream !== null) throw new ProtocolError('stream_required', { channel });
  if (!isWanted() || connection.closing) return;
  const existing = connection.subscriptions.get(channel);
  if (existing !== undefined) {
    // The client asked for it before. It learns that the server holds the subscription, too.
    const lastEventId = services.bridge.positionOf(existing);
    connection.send({ type: 'subscribed', channel, ...(lastEventId && { lastEventId }), server: true });
    return;
  }
  const opened = await openSubscription(services, connection, grant, {});
  if (opened === null) return;
  const { subscription, attachment } = opened;
  if (!isWanted()) {
    services.bridge.detach(subscription);
    return;
  }
  made.add(subscription);
  connection.send({ ...subscribedFrame(subscription, attachment), server: true });
  attachment.start();
}

/** Makes a subscription the client's. @returns true if it was the server's */
export function takeOver(subscription: Subscription): boolean {
  return made.delete(subscription);
}
