/** The client that an entry is about, as far as it is known. */
export interface AuditedClient {
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
  | (AuditedClient & { readonly event: 'connected'; readonly connectionId: string })
  /** A connection sent a token, its first or a new one. */
  | (AuditedClient & { readonly event: 'identified'; readonly connectionId: string })
  /**
   * A handshake, or on a living connection a token, was refused. `reason`: an error code, `origin_refused` or `timed_out`.
   * Clients that are turned away unseen, while the instance drains or is overloaded, are only counted.
   */
  | (AuditedClient & { readonly event: 'refused'; readonly connectionId: string | null; readonly reason: string })
  /** A connection that was accepted is gone. */
  | (AuditedClient & {
      readonly event: 'disconnected';
      readonly connectionId: string;
      /** The close code; 1006 where the line was lost. */
      readonly code: number;
      /** The side that ended the connection; `client` includes network failures. */
      readonly endedBy: 'server' | 'client';
      /**
       * The actor that closed it: an operator's id, or the `by` that was passed to `RealtimeControl`; otherwise `null`.
       */
      readonly closedBy: string | null;
      /** How long it was open, in milliseconds. */
      readonly openMs: number;
    })
  /** An operator read something through the API for operators or the console, or tried to. `userId` is the operator. */
  | (AuditedClient & {
      readonly event: 'operator_read';
      readonly read: OperatorRead;
      /** The id of the connection, or the channel; `null` for lists. */
      readonly target: string | null;
      /** The parameters: filters, and of `explain` the user and the roles. */
      readonly query: Readonly<Record<string, string>>;
    })
  /** Events were published over HTTP: an entry for each channel of a call. `tenant` is that of the events. */
  | (AuditedClient & {
      readonly event: 'published';
      /** The name of the publishing key; `null` for an administrator, who is `userId`. */
      readonly key: string | null;
      readonly channel: string;
      /** The number of events. */
      readonly count: number;
    })
  /** A publishing key was used beyond its scope, and nothing was published. `reason` is a sentence. */
  | (AuditedClient & { readonly event: 'publish_refused'; readonly key: string; readonly reason: string })
  /** An operator asked through the API for operators to disconnect, revoke or re-authorize. `userId` is the operator. */
  | (AuditedClient & {
      readonly event: 'operator_action';
      readonly action: OperatorAction;
      /** The id of the connection, the user or the session; `null` for all tokens. */
      readonly target: string | null;
      /** The parameters, such as `tenant` and `until`. */
      readonly query: Readonly<Record<string, string>>;
    })
  /** A request to the API for operators or to publish had no right to it. */
  | (AuditedClient & {
      readonly event: 'request_refused';
      /** Without its query. */
      readonly path: string;
      readonly reason: RequestRefusal;
    });

/** Names of the reads in the API for operators. `explain` is a check of permissions. */
export const OPERATOR_READS = [
  'stats',
  'connections',
  'connection',
  'channels',
  'history',
  'explain',
  'asyncapi',
] as const;
export type OperatorRead = (typeof OPERATOR_READS)[number];

/** Names of the actions on connections and tokens in the API for operators. */
export const OPERATOR_ACTIONS = [
  'disconnectConnection',
  'disconnectUser',
  'disconnectSession',
  'reauthorizeUser',
  'revokeConnection',
  'revokeUser',
  'revokeSession',
  'revokeAll',
] as const;
export type OperatorAction = (typeof OPERATOR_ACTIONS)[number];

/** Why a request was refused: without a token or key, with a bad one, or with the token of a user who is not an administrator. */
export type RequestRefusal = 'token_missing' | 'token_invalid' | 'token_expired' | 'not_admin' | 'key_invalid';

/**
 * A hook for an audit trail: connections, refusals, reads and actions of operators, and events published over HTTP, on
 * this instance. Provide a class under this token in any module:
 *
 * providers: [{ provide: RealtimeAudit, useClass: AuditOfTheCompany }]
 *
 * It is called for each entry, so it should return quickly. Errors that it throws are logged and affect nothing else.
 */
export abstract class RealtimeAudit {
  abstract record(entry: AuditEntry): void | Promise<void>;
}
