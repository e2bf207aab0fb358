import { Recent } from '../api/recent.js';

/** A channel that the operator follows. */
export interface FollowedChannel {
  readonly channel: string;
  /** Empty for a global channel, and without the option `tenants`. */
  readonly tenant: string;
}

export const NO_CHANNEL: FollowedChannel = { channel: '', tenant: '' };

/** The channels that this tab followed last. */
export function recentlyFollowed(): Recent<FollowedChannel> {
  return new Recent('followed', isFollowed);
}

export function nameOf({ channel, tenant }: FollowedChannel): string {
  return tenant === '' ? channel : `${channel} (tenant ${tenant})`;
}

function isFollowed(value: unknown): value is FollowedChannel {
  if (typeof value !== 'object' || value === null) return false;
  const { channel, tenant } = value as Readonly<Record<string, unknown>>;
  return typeof channel === 'string' && typeof tenant === 'string';
}
