import type { User } from '../../protocol/index.js';

/** Client of a hook. */
export interface HookClient {
  readonly connectionId: string;
  /** `null` for a client without a token, and for a guest with a ticket. */
  readonly user: User | null;
  /** Tenant whose channels it uses; `null` without tenants. */
  readonly tenant: string | null;
}

/** A subscription of a client. */
export interface HookSubscription extends HookClient {
  readonly channel: string;
}

/** A change of a channel, with all instances together. */
export interface OccupancyChange {
  readonly channel: string;
  readonly tenant: string | null;
  /**
   * Increases with each change of the channel; not by 1. A call whose sequence is not higher than that of an earlier call
   * for the channel repeats that change.
   */
  readonly sequence: number;
}

/** A change of a user, with all instances together. */
export interface OnlineChange {
  readonly userId: string;
  readonly tenant: string | null;
  /** Increases with each change of the user, as in {@link OccupancyChange}. */
  readonly sequence: number;
}

/** Payloads of hooks by event. */
export interface RealtimeHooks {
  /** A client has received `connected`. */
  connected: HookClient;
  /** The connection of such a client has ended, with this close code. */
  disconnected: HookClient & { readonly code: number };
  /** A client has subscribed to a channel. */
  subscribed: HookSubscription;
  /** The subscription has ended, with its connection if `disconnected` is true. */
  unsubscribed: HookSubscription & { readonly disconnected: boolean };
  /** A channel has its first subscriber on any instance, or this instance takes over from one that ended. */
  occupied: OccupancyChange;
  /** A channel has had no subscriber on any instance for `occupancyGraceMs`. */
  vacated: OccupancyChange;
  /**
   * Another instance announces the changes of the channel from now on, because this one was cut off from the others for
   * longer than its lease. The channel still has subscribers.
   */
  released: OccupancyChange;
  /** A user has the first connection on any instance, or this instance takes over from one that ended. */
  online: OnlineChange;
  /** A user has had no connection on any instance for `occupancyGraceMs`. */
  offline: OnlineChange;
}

export type RealtimeHook = keyof RealtimeHooks;

/** Events about a channel: their hooks can be limited to some channels. */
export type ChannelHook = 'subscribed' | 'unsubscribed' | 'occupied' | 'vacated' | 'released';

/** A method that can take the payload of a hook. */
export type Takes<Payload, Method> = Method extends (...args: infer Args) => unknown
  ? Args extends readonly []
    ? Method
    : [Payload] extends Args
      ? Method
      : never
  : never;

/** A decorator of methods that take this payload, or nothing. */
export type HookDecorator<Payload> = <Method>(
  target: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<Method> & TypedPropertyDescriptor<Takes<Payload, Method>>,
) => void;

/** One use of `@OnRealtime`. */
export interface HookDeclaration {
  readonly event: RealtimeHook;
  /** Names or patterns of channels; `null` for all. */
  readonly channels: readonly string[] | null;
}

/** Key of the declarations of a method. */
export const HOOKS = Symbol('realtime: hooks');

/**
 * Calls a method of a provider or controller when something happens to clients, channels or users.
 *
 *     @OnRealtime('occupied', 'scores:{gameId}')
 *     start({ channel }: RealtimeHooks['occupied']) {…}
 *
 * `connected`, `disconnected`, `subscribed` and `unsubscribed` are called on the instance of the client. The others are
 * called on one instance of all, at least once, one after the other for each channel or user. A method that throws is
 * logged and counted, and not called again; one that runs for more than 10 s is no longer awaited. A provider that is
 * request-scoped or transient is refused at start.
 * @param channels for events about a channel: names, or patterns such as `scores:{gameId}` or `scores:*`. @default all
 */
export function OnRealtime<Event extends ChannelHook>(
  event: Event,
  channels?: string | readonly string[],
): HookDecorator<RealtimeHooks[Event]>;
export function OnRealtime<Event extends RealtimeHook>(event: Event): HookDecorator<RealtimeHooks[Event]>;
export function OnRealtime(event: RealtimeHook, channels?: string | readonly string[]): HookDecorator<unknown> {
  const declaration: HookDeclaration = { event, channels: channels === undefined ? null : [channels].flat() };
  return (_target, _name, { value }) => {
    const method = value as object;
    const before = (Reflect.getOwnMetadata(HOOKS, method) ?? []) as readonly HookDeclaration[];
    Reflect.defineMetadata(HOOKS, [...before, declaration], method);
  };
}
