/** Identifies a call on all instances. */
export interface CallKey {
  /** Tenant of the caller; `null` without tenants. */
  readonly tenant: string | null;
  /** Key of the user. Unique in this installation. */
  readonly owner: string;
  /** Id that the client gave to the call. Unique for the owner. */
  readonly id: string;
}

/** Maximum number of calls that are kept, and of bytes of their outcomes. */
export interface CallCapacity {
  readonly calls: number;
  readonly bytes: number;
}

/** Rules of a store, the same for all calls. */
export interface CallRules {
  /** Time for which a call is kept after it began, in milliseconds. */
  readonly keepMs: number;
  /** Time after `begin` or `renew` for which the call counts as running, in milliseconds. */
  readonly leaseMs: number;
  readonly perUser: CallCapacity;
  /** Not used for calls without a tenant. */
  readonly perTenant: CallCapacity;
  /**
   * Memory that all kept calls of a store in this process can take, in bytes. Beyond it the outcomes of the oldest calls become
   * unknown, and then new calls are refused. A store outside of this process ignores it.
   */
  readonly maxBytes: number;
}

/**
 * The state of a call. `begun`: it was not known, and the caller of `begin` runs it. `running`: it runs elsewhere. `ended`: with
 * its outcome, or `null` if that is unknown. `full`: it was not known, and too many calls are kept.
 */
export type CallState =
  | { readonly state: 'begun' }
  | { readonly state: 'running' }
  | { readonly state: 'full' }
  | { readonly state: 'ended'; readonly outcome: string | null };

/**
 * Port that makes a call run at most once on all instances, and keeps its outcome for `keepMs` after it began. Each method is
 * atomic. If a holder does not renew its lease, the next `begin` ends the call with an unknown outcome. A later `finish` is
 * refused. Owners can contain any character.
 */
export abstract class CallStore {
  /**
   * Returns the incarnation of the store: it changes when calls were lost, for example after a restart of a store in memory.
   * @throws RealtimeUnavailableError
   */
  abstract epoch(): Promise<string>;

  /**
   * Begins a call, or returns the state of an earlier one with this key. It can be repeated with the same holder.
   * @param holder the process and the attempt that runs the call: printable ASCII without spaces, at most 100 characters
   * @returns `full` if `perUser.calls` or `perTenant.calls` are kept, or nearly so: a store can count calls that expired within
   * the last `keepMs`. Also `full` beyond `maxBytes`
   * @throws RealtimeUnavailableError
   */
  abstract begin(key: CallKey, holder: string, rules: CallRules): Promise<CallState>;

  /**
   * Extends the lease of a running call.
   * @returns false if the holder does not run it any more
   * @throws RealtimeUnavailableError
   */
  abstract renew(key: CallKey, holder: string, rules: CallRules): Promise<boolean>;

  /**
   * Ends a call. It can be repeated. An outcome that exceeds `perUser.bytes` or `perTenant.bytes` is not kept: later it is `null`.
   * @returns false if the call has ended already with an unknown outcome
   * @throws RealtimeUnavailableError
   */
  abstract finish(key: CallKey, holder: string, outcome: string, rules: CallRules): Promise<boolean>;
}
