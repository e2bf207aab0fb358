/** Who may subscribe: everyone, whoever has a token, administrators, or the user whose id stands in the name (and administrators). */
export type ChannelAccess = 'public' | 'authenticated' | 'admin' | 'owner';

/** One channel as an application registers it. */
export interface ChannelDefinition {
  /** The exact name, for example `projects:created`. */
  readonly name: string;
  /** Who may subscribe. Left out, the rule of the name's group counts (`apps:archived` falls under `apps:*`). */
  readonly access?: Exclude<ChannelAccess, 'owner'>;
  /** What is kept for those who come back; `false` keeps nothing and gives events no id. @default the option `history` */
  readonly history?: { readonly size?: number; readonly ttlMs?: number } | false;
  /** Whether subscribers can see who is here. @default false */
  readonly presence?: boolean;
  /** With the option `tenants`: whether it is one channel for all tenants, instead of one for each. @default false; true for `announcements` and `system:*` */
  readonly global?: boolean;
}
