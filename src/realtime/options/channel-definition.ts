/** Access for these roles and for admins. */
export interface RolesAccess {
  readonly roles: readonly string[];
}

/** Access for the owner, the user whose id is the value of this parameter, and for admins. */
export interface OwnerAccess {
  /** Name of a parameter of the pattern: `userId` in `orders:{userId}:status`. */
  readonly owner: string;
}

/**
 * Access to a channel: all clients (`public`), clients with a token (`authenticated`), admins (`admin`), some roles, or
 * the owner named by a parameter. Without it, the policy or group that covers the name decides.
 */
export type ChannelAccess = 'public' | 'authenticated' | 'admin' | RolesAccess | OwnerAccess;

/** A channel that is a stream: a text to which one writer appends. See docs/streams.md. */
export interface StreamDefinition {
  /**
   * Maximum size that is kept, in bytes of UTF-8. Above it the beginning is dropped, up to a quarter of it at once.
   * @default the option `streams.maxBytes`
   */
  readonly maxBytes?: number;
  /**
   * Makes it a stream of JSON values: each line is one, and clients receive the values. A class describes the values in the
   * AsyncAPI document and in generated types; they are not validated. @default false
   */
  readonly lines?: boolean | EventClass;
  /** Class of the result with which a writer ends the stream, for documents and types, like that of `lines`. @default any JSON */
  readonly result?: EventClass;
  /**
   * Clients that can ask the writer to stop, of those that can read the stream. A policy with `canCancel` decides instead.
   * @default no client
   */
  readonly cancel?: ChannelAccess;
}

/** A class whose fields are decorated with class-validator, and with class-transformer for nested objects. */
export type EventClass = new () => object;

/** A channel, or a family of channels, that the application registers. */
export interface ChannelDefinition {
  /** Exact name (`projects:created`), or a pattern in which `{…}` matches one segment (`projects:{projectId}:updated`). */
  readonly name: string;
  /**
   * Access to the channel.
   * @default the `@ChannelPolicy` that covers the name, otherwise the rule of its group (`apps:archived` belongs to
   * `apps:*`)
   */
  readonly access?: ChannelAccess;
  /**
   * Class of the events' data. Data that does not match is handled by the option `invalidEvents`. @default anything is
   * sent
   */
  readonly data?: EventClass;
  /**
   * Sends only fields that the class declares by a decorator, including nested ones. Needs `data`. @default the option
   * `declaredFieldsOnly`
   */
  readonly declaredFieldsOnly?: boolean;
  /**
   * History for clients that resume, and for those that ask for earlier events. With `false` there is none, and events
   * have no id. With `read: false` clients cannot ask for earlier events; a client can still resume from any id of the
   * channel, so this hides nothing from a subscriber.
   * @default the option `history`, and `read: true`
   */
  readonly history?: { readonly size?: number; readonly ttlMs?: number; readonly read?: boolean } | false;
  /**
   * Lets subscribers see who is present. With `state: true` each member can also show a state, such as a
   * cursor, at most 1 KB of JSON. A policy adds trusted `info`, such as a name. @default false
   */
  readonly presence?: boolean | { readonly state?: boolean };
  /**
   * Lets subscribers see the number of subscriptions of the channel, without who they are: `occupancy` of `subscribe`. On
   * a channel that all tenants share, the number covers all of them. @default false
   */
  readonly occupancy?: boolean;
  /**
   * Subscribes each connection that can use the channel, directly after `connected`, without a request. The parameters of
   * the name must be known from the token: `{userId}`, `{tenant}`, and the parameter of `access.owner`.
   * @default false
   */
  readonly autoSubscribe?: boolean;
  /**
   * Makes the channel a stream: a text to which one writer appends, kept and followed by its length. It has no events and no
   * history. See docs/streams.md. @default false
   */
  readonly stream?: boolean | StreamDefinition;
  /**
   * With the option `tenants`: true for one channel shared by all tenants, instead of one per tenant. @default false;
   * true for `announcements` and `system:*`
   */
  readonly global?: boolean;
}
