/** Types that the entry points for Vue, Svelte and Solid export. */
export type { AnyRealtimeClient } from './any-client.js';
export type { EventOn, KnownChannels, OneOrMany } from './channel-names.js';
export type { Command, CommandName, CommandOf, CommandOptions } from './command-source.js';
export type { CommandView } from './command-state.js';
export type { History } from './history-pager.js';
export type { JoinOptions } from './join-channel.js';
export type { KnownStates, LiveOptions } from './live-source.js';
export type { HistoryOptions, LoadedHistory } from './state-sources.js';
export type { ChannelOptions } from './used-channels.js';
export type { EventsOptions } from './used-events.js';
export type { LiveData, LiveSnapshot, LiveStatus } from '../client/live/index.js';
