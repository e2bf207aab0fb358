import type { RedisBridge } from '../bridge/redis-bridge.service.js';
import type { ChannelPolicyService } from '../channels/channel-policy.service.js';
import type { Connection } from '../connections/connection.js';

/** Ends the subscriptions that this connection's identity may no longer have, and tells it so. */
export async function judgeAnew(
  { policy, bridge }: { readonly policy: ChannelPolicyService; readonly bridge: RedisBridge },
  connection: Connection,
): Promise<void> {
  for (const subscription of connection.subscriptions.values()) {
    const { channel } = subscription;
    try {
      await policy.authorize(connection.principal, channel);
    } catch {
      if (connection.subscriptions.get(channel) !== subscription) continue;
      bridge.detach(subscription);
      connection.send({ type: 'unsubscribed', channel, reason: 'access_revoked' });
    }
  }
}
