import { ProtocolError, type Unstamped } from '../../../protocol/index.js';
import type { Connection } from '../../connections/connection.js';
import type { Subscription } from '../../connections/subscription.js';
import type { AttachFrom } from '../../delivery/joins.js';
import type { Attachment } from '../../delivery/open-channel.js';
import type { RedisBridge } from '../../delivery/redis-bridge.service.js';
import type { Services } from './command.js';
import type { SubscriptionGrant } from './subscription-grant.js';

const TOO_MANY_OF_TENANT = 'Too many subscriptions for this tenant';

/** A subscription that was created, and to which nothing was sent yet. */
export interface Opened {
  readonly subscription: Subscription;
  readonly attachment: Attachment;
}

/**
 * Subscribes a connection to a channel to which it is not subscribed yet.
 * @returns `null` if the connection closed in the meantime
 * @throws ProtocolError
 */
export async function openSubscription(
  { registry, bridge, options, reauthorization }: Services,
  connection: Connection,
  grant: SubscriptionGrant,
  from: AttachFrom,
): Promise<Opened | null> {
  const { channelName: name } = grant;
  if (connection.subscriptions.size >= options.maxSubscriptionsPerConnection) {
    throw new ProtocolError('too_many_subscriptions', { channel: name });
  }
  const tenant = connection.principal?.tenant ?? null;
  if (tenant !== null && registry.ofTenant(tenant).subscriptions >= options.tenants.maxSubscriptions) {
    throw new ProtocolError('too_many_subscriptions', { channel: name, message: TOO_MANY_OF_TENANT });
  }
  const attachment = await bridge.attach(connection, name, grant.channel, from);
  if (attachment === null || registry.get(connection.id) === undefined) return null;
  await confirm(grant, bridge, connection.subscriptions.get(name));
  const subscription = connection.subscriptions.get(name);
  // A re-authorization has ended the subscription already.
  if (subscription === undefined) throw new ProtocolError('forbidden', { channel: name });
  reauthorization.onGranted(connection, subscription, grant.granted);
  return { subscription, attachment };
}

/** Returns the `subscribed` frame of a new subscription. */
export function subscribedFrame(
  { channel }: Subscription,
  { recovered, reason, rewound, lastEventId, state }: Attachment,
): Extract<Unstamped, { type: 'subscribed' }> {
  return {
    type: 'subscribed',
    channel,
    ...(recovered !== undefined && { recovered }),
    ...(reason !== undefined && { reason }),
    ...(lastEventId !== undefined && { lastEventId }),
    ...(rewound !== undefined && { rewound }),
    ...(state !== undefined && { state }),
  };
}

/**
 * Authorizes again if permissions were re-evaluated while the subscription was created. If access is lost, the
 * subscription is removed; nothing was sent to it yet.
 * @throws ProtocolError
 */
async function confirm(
  grant: SubscriptionGrant,
  bridge: RedisBridge,
  attached: Subscription | undefined,
): Promise<void> {
  try {
    if (!grant.isCurrent) await grant.renew();
  } catch (error) {
    if (attached !== undefined) bridge.detach(attached);
    throw error;
  }
}
