/** Channels with history that take part in every scenario. */
export const CHANNELS = [
  'announcements',
  'apps:created',
  'apps:status',
  'database:row_updated',
  'deployments:status',
  'storage:uploaded',
] as const;

/** A channel without history. Its events have no id, and at most one delivery in order is promised. */
export const PLAIN_CHANNEL = 'users:online';

export const ALL_CHANNELS: readonly string[] = [...CHANNELS, PLAIN_CHANNEL];
