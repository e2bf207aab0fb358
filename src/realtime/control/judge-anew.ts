import type { RedisBridge } from '../bridge/redis-bridge.service.js';
import type { ChannelPolicyService } from '../channels/channel-policy.service.js';
import type { Connection } from '../connections/connection.js';
import type { Subscription } from '../connections/subscription.js';

interface Judges {
  readonly policy: ChannelPolicyService;
  readonly bridge: RedisBridge;
}

/**
 * Ends the subscriptions that this connection's identity may no longer have, and tells it so. One that is still on its way
 * in is granted again before anything is sent to it.
 * @param withinMs how long each policy may take
 */
export async function judgeAnew(judges: Judges, connection: Connection, withinMs?: number): Promise<void> {
  connection.judgements += 1;
  // A role that is lost loses its fields now, before anybody is asked.
  for (const subscription of connection.subscriptions.values()) {
    showFields(judges.policy, connection, subscription, subscription.granted);
  }
  await Promise.all(
    [...connection.subscriptions.values()].map((subscription) => judge(judges, connection, subscription, withinMs)),
  );
}

/** Has a subscription get the fields that its connection's role, and what a policy granted, are for. */
export function showFields(
  policy: ChannelPolicyService,
  { principal }: Connection,
  subscription: Subscription,
  granted: Subscription['granted'],
): void {
  subscription.granted = granted;
  subscription.view = policy.viewOf(principal, subscription.channel, granted);
}

async function judge(
  { policy, bridge }: Judges,
  connection: Connection,
  subscription: Subscription,
  withinMs: number | undefined,
): Promise<void> {
  const { channel } = subscription;
  const { judgements } = connection;
  try {
    const { granted } = await policy.authorize(connection.principal, channel, withinMs);
    // An answer that was overtaken by another judgement says nothing any more.
    if (connection.judgements === judgements) showFields(policy, connection, subscription, granted);
  } catch {
    if (connection.subscriptions.get(channel) !== subscription) return;
    bridge.detach(subscription);
    connection.send({ type: 'unsubscribed', channel, reason: 'access_revoked' });
  }
}
