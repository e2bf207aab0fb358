/** Who may subscribe where roles decide: whoever has one of these, and administrators. */
export interface RolesAccess {
  readonly roles: readonly string[];
}

/** Who may subscribe where the name says whose it is: the user whose id stands for this parameter, and administrators. */
export interface OwnerAccess {
  /** The name of a parameter of the pattern: `userId` in `orders:{userId}:status`. */
  readonly owner: string;
}

/**
 * Who may subscribe: everyone (`public`), whoever has a token (`authenticated`), administrators (`admin`), some roles, or
 * the user named by a parameter. A channel without one of these falls under the policy, or the group, that covers its name.
 */
export type ChannelAccess = 'public' | 'authenticated' | 'admin' | RolesAccess | OwnerAccess;

/** A class whose fields are decorated with class-validator, and with class-transformer where they are nested. */
export type EventClass = new () => object;

/** One channel, or a family of channels, as an application registers it. */
export interface ChannelDefinition {
  /** The exact name (`projects:created`), or a pattern in which `{…}` stands for one segment (`projects:{projectId}:updated`). */
  readonly name: string;
  /** Who may subscribe. @default what the `@ChannelPolicy` that covers the name answers, else the rule of its group (`apps:archived` falls under `apps:*`) */
  readonly access?: ChannelAccess;
  /** The class of what its events carry: data that does not fit is treated as the option `invalidEvents` says. @default anything is sent */
  readonly data?: EventClass;
  /** Sends only fields that the class declares by a decorator, nested ones too; needs `data`. @default the option `declaredFieldsOnly` */
  readonly declaredFieldsOnly?: boolean;
  /** What is kept for those who come back; `false` keeps nothing and gives events no id. @default the option `history` */
  readonly history?: { readonly size?: number; readonly ttlMs?: number } | false;
  /** Whether subscribers can see who is here. @default false */
  readonly presence?: boolean;
  /** With the option `tenants`: whether it is one channel for all tenants, instead of one for each. @default false; true for `announcements` and `system:*` */
  readonly global?: boolean;
}
