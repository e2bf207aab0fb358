import { isWildcard, ProtocolError, type SubscribeTarget } from '../../../protocol/index.js';
import { stateFieldsOf } from '../../channels/live-definition.js';
import type { Connection } from '../../connections/connection.js';
import { SUBSCRIBE_COST } from '../request-cost.js';
import { sendError } from '../send-error.js';
import { TimeSlices } from '../time-slices.js';
import type { Command, Services } from './command.js';
import { openSubscription, subscribedFrame } from './open-subscription.js';
import { subscribeStream } from './subscribe-stream.js';
import { takeOver } from './subscribe-by-server.js';
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

async function subscribeOne(
  services: Services,
  connection: Connection,
  target: SubscribeTarget,
  ofWildcard: boolean,
  ref: string | undefined,
): Promise<void> {
  const { policy, bridge, presence } = services;
  const { channel: name, last, presence: withPresence = false, state = false } = target;
  try {
    const grant = await SubscriptionGrant.authorize(policy, connection, name);
    if (withPresence && !grant.channel.presence) throw new ProtocolError('presence_disabled', { channel: name });
    if (state && stateFieldsOf(grant.channel) === null) {
      const message = 'This channel has no state: define it with @LiveResource, or subscribe without `state`';
      throw new ProtocolError('invalid_message', { channel: name, message });
    }
    if (grant.channel.stream !== null) {
      if (target.stream === undefined) throw new ProtocolError('stream_required', { channel: name });
      await subscribeStream(services, connection, grant, target.stream, ref);
      const subscription = connection.subscriptions.get(name);
      if (withPresence && subscription !== undefined) presence.watch(subscription);
      return;
    }
    if (target.stream !== undefined) throw new ProtocolError('stream_disabled', { channel: name });
    const lastEventId = target.lastEventId ?? connection.transport.cursor?.takeStart(name);
    const existing = connection.subscriptions.get(name);
    const isRestart = lastEventId !== undefined || last !== undefined;
    const wasServers = existing !== undefined && takeOver(existing);
    if (existing !== undefined && state && !(wasServers && isRestart)) {
      existing.state = true;
      connection.send({ type: 'subscribed', channel: name, state: true }, ref);
      bridge.feeds.sendState(existing);
      if (withPresence) presence.watch(existing);
      return;
    }
    if (existing !== undefined && !(wasServers && isRestart)) {
      const refused = {
        ...(lastEventId !== undefined && { recovered: false }),
        ...(last !== undefined && { rewound: 0 }),
        ...(isRestart && ({ reason: 'already_subscribed' } as const)),
      };
      const position = bridge.positionOf(existing);
      connection.send(
        { type: 'subscribed', channel: name, ...refused, ...(position && { lastEventId: position }) },
        ref,
      );
      if (withPresence) presence.watch(existing);
      return;
    }
    // The client resumes a subscription of the server, from a position that it had before the server made it.
    if (existing !== undefined) bridge.detach(existing);
    const from = { ...(lastEventId !== undefined && { lastEventId }), ...(last !== undefined && { last }), state };
    const opened = await openSubscription(services, connection, grant, from);
    if (opened === null) return;
    const { subscription, attachment } = opened;
    connection.send(subscribedFrame(subscription, attachment), ref);
    attachment.start();
    if (withPresence) presence.watch(subscription);
  } catch (error) {
    // One unavailable channel of a wildcard must not prevent the answers for the others.
    if (!ofWildcard) throw error;
    sendError(connection, error, { channel: name, ref });
  }
}
