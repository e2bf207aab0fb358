import { isWildcard, ProtocolError, type SubscribeTarget } from '../../../protocol/index.js';
import type { RedisBridge } from '../../delivery/redis-bridge.service.js';
import type { Connection } from '../../connections/connection.js';
import type { Subscription } from '../../connections/subscription.js';
import { SUBSCRIBE_COST } from '../request-cost.js';
import { sendError } from '../send-error.js';
import { TimeSlices } from '../time-slices.js';
import type { Command, Services } from './command.js';
import { limitKeyOf, SubscriptionGrant } from './subscription-grant.js';

/** `{"type":"subscribe",…}`: answers with `subscribed` or `error` for each channel, in the order of the request. */
export const subscribe: Command<'subscribe'> = {
  cost: ({ targets }) => targets.length * SUBSCRIBE_COST,
  run: async (services, connection, { targets, connectionId, ref }) => {
    if (connectionId !== undefined && connectionId !== connection.id) connection.earlierId = connectionId;
    const slices = new TimeSlices();
    for (const target of targets) {
      try {
        const calls = services.policy.callsFor(connection.principal, target.channel);
        if (calls > 0) services.budget.chargeUnconditionally(connection, calls * SUBSCRIBE_COST);
        const resolved = await services.policy.resolve(connection.principal, target.channel, limitKeyOf(connection));
        // A wildcard was charged as one channel. Charge the others.
        if (resolved.length > 1)
          services.budget.chargeUnconditionally(connection, (resolved.length - 1) * SUBSCRIBE_COST);
        for (const { channel, error } of resolved) {
          await slices.next();
          if (connection.closing) return;
          if (error !== null) sendError(connection, error, { ref });
          else await subscribeOne(services, connection, { ...target, channel }, isWildcard(target.channel), ref);
        }
      } catch (error) {
        sendError(connection, error, { channel: target.channel, ref });
      }
    }
  },
};

const TOO_MANY_OF_TENANT = 'Too many subscriptions for this tenant';

async function subscribeOne(
  { policy, registry, bridge, presence, options, reauthorization }: Services,
  connection: Connection,
  target: SubscribeTarget,
  ofWildcard: boolean,
  ref: string | undefined,
): Promise<void> {
  const { channel: name, lastEventId, last, presence: withPresence = false } = target;
  try {
    const grant = await SubscriptionGrant.authorize(policy, connection, name);
    const { channel } = grant;
    if (withPresence && !channel.presence) throw new ProtocolError('presence_disabled', { channel: name });
    const existing = connection.subscriptions.get(name);
    if (existing !== undefined) {
      const isRefused = lastEventId !== undefined || last !== undefined;
      const refused = {
        ...(lastEventId !== undefined && { recovered: false }),
        ...(last !== undefined && { rewound: 0 }),
        ...(isRefused && ({ reason: 'already_subscribed' } as const)),
      };
      const position = bridge.positionOf(existing);
      connection.send(
        { type: 'subscribed', channel: name, ...refused, ...(position && { lastEventId: position }) },
        ref,
      );
      if (withPresence) presence.watch(existing);
      return;
    }
    if (connection.subscriptions.size >= options.maxSubscriptionsPerConnection) {
      throw new ProtocolError('too_many_subscriptions', { channel: name });
    }
    const tenant = connection.principal?.tenant ?? null;
    if (tenant !== null && registry.ofTenant(tenant).subscriptions >= options.tenants.maxSubscriptions) {
      throw new ProtocolError('too_many_subscriptions', { channel: name, message: TOO_MANY_OF_TENANT });
    }
    const attachment = await bridge.attach(connection, name, channel, target);
    if (attachment === null || registry.get(connection.id) === undefined) return;
    await confirm(grant, bridge, connection.subscriptions.get(name));
    const subscription = connection.subscriptions.get(name);
    // A re-authorization has ended the subscription already.
    if (subscription === undefined) throw new ProtocolError('forbidden', { channel: name });
    reauthorization.onGranted(connection, subscription, grant.granted);
    const { recovered, reason, rewound, lastEventId: position } = attachment;
    connection.send(
      {
        type: 'subscribed',
        channel: name,
        ...(recovered !== undefined && { recovered }),
        ...(reason !== undefined && { reason }),
        ...(position !== undefined && { lastEventId: position }),
        ...(rewound !== undefined && { rewound }),
      },
      ref,
    );
    attachment.start();
    if (withPresence) presence.watch(subscription);
  } catch (error) {
    // One unavailable channel of a wildcard must not prevent the answers for the others.
    if (!ofWildcard) throw error;
    sendError(connection, error, { channel: name, ref });
  }
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
