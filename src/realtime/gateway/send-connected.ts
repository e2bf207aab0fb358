import { FEATURES, type Unstamped } from '../../protocol/index.js';
import type { ChannelPolicyService } from '../channels/channel-policy.service.js';
import type { Connection } from '../connections/connection.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';

type Connected = Extract<Unstamped, { type: 'connected' }>;

/** Sends the first frame of an authenticated or anonymous connection. */
export function sendConnected(
  services: { readonly policy: ChannelPolicyService; readonly options: ResolvedRealtimeOptions },
  connection: Connection,
  ref?: string,
): void {
  const { principal } = connection;
  const { policy, options } = services;
  const frame: { -readonly [Field in keyof Connected]: Connected[Field] } = {
    type: 'connected',
    connectionId: connection.id,
    user: principal === null ? null : principal.user,
    authorizedChannels: policy.authorizedChannels(principal),
    heartbeatMs: options.heartbeatIntervalMs,
    features: FEATURES,
  };
  if (principal !== null && principal.tenant !== null) frame.tenant = principal.tenant;
  if (principal !== null && Number.isFinite(principal.expiresAt)) {
    frame.expiresAt = new Date(principal.expiresAt).toISOString();
  }
  connection.send(frame, ref);
}
