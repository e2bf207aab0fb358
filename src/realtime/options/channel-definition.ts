/** Access by role: for these roles, and for administrators. */
export interface RolesAccess {
  readonly roles: readonly string[];
}

/** Access by owner: for the user whose id is the value of this parameter, and for administrators. */
export interface OwnerAccess {
  /** The name of a parameter of the pattern: `userId` in `orders:{userId}:status`. */
  readonly owner: string;
}

/**
 * The access of a channel: all clients (`public`), clients with a token (`authenticated`), administrators (`admin`),
 * some roles, or the owner in a parameter. Without it, the policy or group that covers the name decides.
 */
export type ChannelAccess = 'public' | 'authenticated' | 'admin' | RolesAccess | OwnerAccess;

/** A class whose fields are decorated with class-validator, and with class-transformer where they are nested. */
export type EventClass = new () => object;

/** One channel, or a family of channels, as an application registers it. */
export interface ChannelDefinition {
  /**
   * The exact name (`projects:created`), or a pattern in which `{…}` matches one segment
   * (`projects:{projectId}:updated`).
   */
  readonly name: string;
  /**
   * The access. @default the `@ChannelPolicy` that covers the name, otherwise the rule of its group (`apps:archived`
   * belongs to `apps:*`)
   */
  readonly access?: ChannelAccess;
  /** The class of what its events carry: data that does not fit is treated as the option `invalidEvents` says. @default anything is sent */
  readonly data?: EventClass;
  /** Sends only fields that the class declares by a decorator, nested ones too; needs `data`. @default the option `declaredFieldsOnly` */
  readonly declaredFieldsOnly?: boolean;
  /**
   * The history for clients that resume; with `false` there is none, and events have no id. @default the option
   * `history`
   */
  readonly history?: { readonly size?: number; readonly ttlMs?: number } | false;
  /** Lets subscribers see who is present. @default false */
  readonly presence?: boolean;
  /** With the option `tenants`: whether it is one channel for all tenants, instead of one for each. @default false; true for `announcements` and `system:*` */
  readonly global?: boolean;
}
