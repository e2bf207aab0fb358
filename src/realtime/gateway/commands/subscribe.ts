import { isWildcard, ProtocolError, type SubscribeTarget } from '../../../protocol/index.js';
import type { Connection } from '../../connections/connection.js';
import { sendError } from '../send-error.js';
import type { Command, Services } from './command.js';

/** `{"type":"subscribe",…}`: each channel is answered by `subscribed` or by `error`, in the order of the request. */
export const subscribe: Command<'subscribe'> = async (services, connection, { targets, ref }) => {
  for (const target of targets) {
    try {
      for (const channel of services.policy.resolve(connection.principal, target.channel)) {
        await subscribeOne(services, connection, { ...target, channel }, isWildcard(target.channel), ref);
      }
    } catch (error) {
      sendError(connection, error, { channel: target.channel, ref });
    }
  }
};

const TOO_MANY_OF_TENANT = 'Too many subscriptions of this tenant';

async function subscribeOne(
  { policy, registry, bridge, presence, options }: Services,
  connection: Connection,
  target: SubscribeTarget,
  ofWildcard: boolean,
  ref: string | undefined,
): Promise<void> {
  const { channel: name, lastEventId, presence: withPresence = false } = target;
  try {
    const channel = await policy.authorize(connection.principal, name);
    if (withPresence && !channel.presence) throw new ProtocolError('presence_disabled', { channel: name });
    const existing = connection.subscriptions.get(name);
    if (existing !== undefined) {
      const refused = lastEventId === undefined ? {} : ({ recovered: false, reason: 'already_subscribed' } as const);
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
    const attachment = await bridge.attach(connection, name, channel, lastEventId);
    if (attachment === null || registry.get(connection.id) === undefined) return;
    const { recovered, reason, lastEventId: position } = attachment;
    connection.send(
      {
        type: 'subscribed',
        channel: name,
        ...(recovered !== undefined && { recovered }),
        ...(reason !== undefined && { reason }),
        ...(position !== undefined && { lastEventId: position }),
      },
      ref,
    );
    attachment.start();
    const subscription = connection.subscriptions.get(name);
    if (withPresence && subscription !== undefined) presence.watch(subscription);
  } catch (error) {
    // A channel of a wildcard that cannot be had does not keep the others from being answered.
    if (!ofWildcard) throw error;
    sendError(connection, error, { channel: name, ref });
  }
}
