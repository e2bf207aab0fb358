import { FEATURES } from '../../protocol/index.js';
import type { ChannelPolicyService } from '../channels/channel-policy.service.js';
import type { Connection } from '../connections/connection.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';

/** Sends the first frame of an authenticated or anonymous connection. */
export function sendConnected(
  services: { readonly policy: ChannelPolicyService; readonly options: ResolvedRealtimeOptions },
  connection: Connection,
  ref?: string,
): void {
  const { principal } = connection;
  const { policy, options } = services;
  connection.send(
    {
      type: 'connected',
      connectionId: connection.id,
      user: principal === null ? null : principal.user,
      ...(principal !== null && principal.tenant !== null && { tenant: principal.tenant }),
      authorizedChannels: policy.authorizedChannels(principal),
      ...(principal !== null && Number.isFinite(principal.expiresAt)
        ? { expiresAt: new Date(principal.expiresAt).toISOString() }
        : {}),
      heartbeatMs: options.heartbeatIntervalMs,
      features: FEATURES,
    },
    ref,
  );
}
