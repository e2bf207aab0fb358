/** Whom an entry is about, as far as it is known. */
export interface AboutClient {
  /** When it happened. */
  readonly at: Date;
  /** Where the client comes from. */
  readonly address: string;
  readonly userId: string | null;
  readonly role: string | null;
  /** With the option `tenants`: the tenant whose channels it uses. */
  readonly tenant: string | null;
  /** The `jti` of the token, where it has one. */
  readonly sessionId: string | null;
}

/** Something that is worth keeping of who was here. Tokens are in none of it. */
export type AuditEntry =
  /** A connection was accepted; without a token `userId` is `null`. */
  | (AboutClient & { readonly event: 'connected'; readonly connectionId: string })
  /** A connection brought a token, its first or a fresh one. */
  | (AboutClient & { readonly event: 'identified'; readonly connectionId: string })
  /**
   * A handshake, or on a living connection a token, was refused. `reason`: an error code, `origin_refused` or `timed_out`.
   * Clients that are turned away unseen, while the instance drains or is overloaded, are only counted.
   */
  | (AboutClient & { readonly event: 'refused'; readonly connectionId: string | null; readonly reason: string })
  /** A connection that was accepted is gone. */
  | (AboutClient & {
      readonly event: 'disconnected';
      readonly connectionId: string;
      /** The close code; 1006 where the line was lost. */
      readonly code: number;
      /** Whether the server ended it, or the client or the network did. */
      readonly endedBy: 'server' | 'client';
      /** Who ordered it, where somebody did: the id of an operator, or what `RealtimeControl` was told as `by`. */
      readonly orderedBy: string | null;
      /** How long it was open, in milliseconds. */
      readonly openMs: number;
    });

/**
 * A hook that is told who was connected, refused and disconnected, and by whom, on this instance: provide a class of your
 * own under this name in any module, and it is found.
 *
 *     providers: [{ provide: RealtimeAudit, useClass: AuditOfTheCompany }]
 *
 * It is called for each, so let it be quick. What it throws is logged, and harms nobody.
 */
export abstract class RealtimeAudit {
  abstract record(entry: AuditEntry): void | Promise<void>;
}
