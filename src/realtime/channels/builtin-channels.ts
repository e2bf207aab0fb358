import { PLATFORM_CHANNELS } from '../../protocol/platform-events.js';
import type { BuiltInChannels } from '../options/built-in-channels.js';
import type { ChannelAccess, ChannelDefinition } from '../options/channel-definition.js';
import { covers } from './patterns.js';

/** Default access of the channels of a group. */
export interface GroupRule {
  readonly pattern: string;
  readonly access: ChannelAccess;
  /** True if the channels of the group are global by default. */
  readonly global?: boolean;
}

/** The built-in channels of an application, and the rules of their groups. */
export interface BuiltIn {
  /** Defined as an application defines its channels. */
  readonly channels: readonly ChannelDefinition[];
  /** The default access of the channels in these groups. */
  readonly groups: readonly GroupRule[];
}

/** The private channels of users. They are in every application: `emitToUser` publishes to them. */
const PRIVATE: ChannelDefinition = { name: 'user:{userId}', access: { owner: 'userId' } };

const GROUPS: readonly GroupRule[] = [
  { pattern: 'apps:*', access: 'authenticated' },
  { pattern: 'users:*', access: 'authenticated' },
  { pattern: 'database:*', access: 'authenticated' },
  { pattern: 'deployments:*', access: 'authenticated' },
  { pattern: 'storage:*', access: 'authenticated' },
  { pattern: 'system:*', access: 'admin', global: true },
];

const CHANNELS: readonly ChannelDefinition[] = Object.keys(PLATFORM_CHANNELS).map((name) =>
  name === 'announcements' ? { name, access: 'public', global: true } : { name },
);

/** Returns the channels that the option `builtInChannels` chooses, and the rule of each group that has one of them. */
export function builtInOf(chosen: BuiltInChannels): BuiltIn {
  const isChosen = ({ name }: ChannelDefinition): boolean =>
    typeof chosen === 'boolean' ? chosen : chosen.some((entry) => covers(entry, name));
  const channels = CHANNELS.filter(isChosen);
  return {
    channels: [PRIVATE, ...channels],
    groups: GROUPS.filter(({ pattern }) => channels.some(({ name }) => covers(pattern, name))),
  };
}
