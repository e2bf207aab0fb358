import type { ChannelAccess, ChannelDefinition } from '../options/channel-definition.js';

/** Default access of the channels of a group. */
export interface GroupRule {
  readonly pattern: string;
  readonly access: ChannelAccess;
  /** True if the channels of the group are global by default. */
  readonly global?: boolean;
}

/** Default access by group, for channels without an access rule. */
export const BUILTIN_GROUPS: readonly GroupRule[] = [
  { pattern: 'apps:*', access: 'authenticated' },
  { pattern: 'users:*', access: 'authenticated' },
  { pattern: 'database:*', access: 'authenticated' },
  { pattern: 'deployments:*', access: 'authenticated' },
  { pattern: 'storage:*', access: 'authenticated' },
  { pattern: 'system:*', access: 'admin', global: true },
];

/** The built-in channels, defined like those of an application. */
export const BUILTIN_CHANNELS: readonly ChannelDefinition[] = [
  { name: 'announcements', access: 'public', global: true },
  { name: 'user:{userId}', access: { owner: 'userId' } },
  ...[
    ...['apps:created', 'apps:updated', 'apps:deleted', 'apps:deployed', 'apps:status'],
    ...['users:created', 'users:updated', 'users:deleted'],
    ...['database:table_created', 'database:table_updated', 'database:table_deleted', 'database:row_updated'],
    ...['deployments:started', 'deployments:completed', 'deployments:failed', 'deployments:status'],
    ...['storage:uploaded', 'storage:deleted', 'storage:updated'],
    ...['system:health', 'system:metrics', 'system:alerts'],
  ].map((name) => ({ name })),
];
