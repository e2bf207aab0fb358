/** Channels with history, used in every scenario. */
export const CHANNELS = [
  'announcements',
  'apps:created',
  'apps:status',
  'database:row_updated',
  'deployments:status',
  'storage:uploaded',
] as const;

/** A channel without history. Its events have no id; the guarantee is at most one delivery, in order. */
export const PLAIN_CHANNEL = 'users:online';

export const ALL_CHANNELS: readonly string[] = [...CHANNELS, PLAIN_CHANNEL];
