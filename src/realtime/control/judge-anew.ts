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
  await Promise.all(
    [...connection.subscriptions.values()].map((subscription) => judge(judges, connection, subscription, withinMs)),
  );
}

async function judge(
  { policy, bridge }: Judges,
  connection: Connection,
  subscription: Subscription,
  withinMs: number | undefined,
): Promise<void> {
  const { channel } = subscription;
  try {
    await policy.authorize(connection.principal, channel, withinMs);
  } catch {
    if (connection.subscriptions.get(channel) !== subscription) return;
    bridge.detach(subscription);
    connection.send({ type: 'unsubscribed', channel, reason: 'access_revoked' });
  }
}
