import type { RealtimeClient, RealtimeClientOptions, RealtimeEvent, Reset } from '../../../src/client/index.js';

/** The part of a binding that a component of the tests uses. */
export type Part =
  | 'channel'
  | 'events'
  | 'presence'
  | 'occupancy'
  | 'history'
  | 'command'
  | 'live'
  | 'stream'
  | 'new client';

/** Arguments of a component of the tests. They are reactive, and passed as new arrays and objects at each change. */
export interface Given {
  readonly client: RealtimeClient;
  readonly channels: readonly string[];
  readonly enabled?: boolean;
  readonly limit?: number;
  readonly last?: number;
  /** Changes nothing, but causes an update. */
  readonly tick?: number;
  readonly onEvent?: (event: RealtimeEvent) => void | Promise<void>;
  readonly onReset?: (reset: Reset) => void;
}

/** Functions of a component. */
export interface Handles {
  /** Shows a state to the members of the channel (`presence`). */
  setState: (state: unknown) => void;
  /** Loads older events (`history`). */
  loadMore: () => void;
  /** Calls `apps.rename` (`command`). */
  rename: (name: string) => void;
}

/** A component of the tests. */
export interface Component extends Readonly<Handles> {
  /** The text that it shows, once per update. */
  readonly shown: readonly string[];
  /** Changes arguments, and updates. */
  set(given: Partial<Given>): Promise<void>;
  unmount(): Promise<void>;
}

/** Returns the options in the arguments, as a new object. */
export const optionsOf = ({ enabled, limit, last, onReset }: Given) => ({ enabled, limit, last, onReset });

/** A binding, as the suite uses it. */
export interface Binding {
  /** The function of the package that this binding uses. */
  readonly createRealtimeClient: (options: RealtimeClientOptions) => RealtimeClient;
  /** Mounts a component below a provider. */
  mount(part: Part, given: Given): Promise<Component>;
  /** Renders all parts on a server. @returns the text */
  renderOnServer(given: Given): Promise<string>;
  /** Mounts a component without a provider. @throws the binding's error */
  mountAlone(): void;
}

/** Text of a component with the part `channel`. */
export const channelText = (connection: string, channel: string, userId: string | undefined): string =>
  `${connection}, ${channel}, ${userId ?? 'no user'}`;

/** Text of a component with the part `command`. */
export const commandText = ({
  state,
  data,
  error,
}: {
  readonly state: string;
  readonly data: unknown;
  readonly error: unknown;
}): string =>
  `${state} ${JSON.stringify(data ?? null)} ${(error as { readonly code?: string } | undefined)?.code ?? 'no error'}`;

/** Text of a component with the part `live`. */
export const liveText = (snapshot: {
  readonly status: string;
  readonly data: unknown;
  readonly error?: { readonly code: string } | undefined;
}): string => `${snapshot.status} ${JSON.stringify(snapshot.data ?? null)} ${snapshot.error?.code ?? ''}`.trim();

/** The command of the tests. */
export interface TestCommands {
  readonly 'bindings.rename': { input: { readonly name: string }; output: { readonly renamed: string } };
}

/** Text of a component with the part `stream`. */
export const streamText = ({ state, text }: { readonly state: string; readonly text: string }): string =>
  `${state} "${text}"`;

/** Text of a component with the part `history`. */
export const historyText = (history: {
  readonly events: readonly { readonly data: unknown }[];
  readonly more: boolean;
  readonly error?: unknown;
}): string => `${namesIn(history.events)}${history.more ? ' …' : ''}${history.error === undefined ? '' : ' failed'}`;

/** Text of a component with the part `events`: the names in the events. */
export const namesIn = (events: readonly { readonly data: unknown }[]): string =>
  events.map(({ data }) => (data as { readonly name: string }).name).join(' ');
