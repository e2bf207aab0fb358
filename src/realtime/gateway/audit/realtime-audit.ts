/** The client that an entry is about. Unknown values are `null`. */
export interface AuditedClient {
  /** Time of the event. */
  readonly at: Date;
  /** IP address of the client. */
  readonly address: string;
  readonly userId: string | null;
  readonly role: string | null;
  /** With the option `tenants`: the tenant whose channels the client uses. */
  readonly tenant: string | null;
  /** The `jti` of the token, if it has one. */
  readonly sessionId: string | null;
  /** Name of the share link, for a guest. Absent for all other clients. */
  readonly guest?: string;
}

/** An entry of the audit trail. No entry contains a token. */
export type AuditEntry =
  /** A connection was accepted. Without a token, `userId` is `null`. */
  | (AuditedClient & { readonly event: 'connected'; readonly connectionId: string })
  /** A connection sent a token: its first one, or a replacement. */
  | (AuditedClient & { readonly event: 'identified'; readonly connectionId: string })
  /**
   * A handshake was rejected, or a token on an open connection. `reason` is an error code, `origin_refused` or `timed_out`.
   * Handshakes that are rejected because the instance drains or is overloaded are only counted.
   */
  | (AuditedClient & { readonly event: 'refused'; readonly connectionId: string | null; readonly reason: string })
  /** An accepted connection ended. */
  | (AuditedClient & {
      readonly event: 'disconnected';
      readonly connectionId: string;
      /** The close code; 1006 if the network connection was lost. */
      readonly code: number;
      /** The side that ended the connection; `client` includes network failures. */
      readonly endedBy: 'server' | 'client';
      /** Actor that closed the connection: the id of an operator, or the `by` passed to `RealtimeControl`. Otherwise `null`. */
      readonly closedBy: string | null;
      /** Duration of the connection in milliseconds. */
      readonly openMs: number;
    })
  /** An operator requested a read through the operator API or the console, even if it failed. `userId` is the operator. */
  | (AuditedClient & {
      readonly event: 'operator_read';
      readonly read: OperatorRead;
      /** The id of the connection, or the channel; `null` for lists. */
      readonly target: string | null;
      /** Query parameters: filters, and for `explain` the user and the roles. */
      readonly query: Readonly<Record<string, string>>;
    })
  /** Events were published over HTTP: one entry per channel and call. `tenant` is the tenant of the events. */
  | (AuditedClient & {
      readonly event: 'published';
      /** Name of the publishing key. `null` for an administrator, identified by `userId`. */
      readonly key: string | null;
      readonly channel: string;
      /** Number of events. */
      readonly count: number;
    })
  /** A publishing key was used outside its scope, and nothing was published. `reason` is a sentence. */
  | (AuditedClient & { readonly event: 'publish_refused'; readonly key: string; readonly reason: string })
  /**
   * A call of a command ended: one entry for the call and one for each repetition that asked for its outcome later. Calls that were
   * refused before they began, by a limit or without a token, have none. Input and result are not part of it.
   */
  | (AuditedClient & {
      readonly event: 'called';
      readonly command: string;
      /** Id that the client gave to the call. */
      readonly callId: string;
      /** `succeeded`, or the error code. */
      readonly outcome: string;
      /** The connection that sent the call; `null` over HTTP. */
      readonly connectionId: string | null;
      /** Duration of the call in milliseconds. */
      readonly durationMs: number;
      /** True if the outcome is that of an earlier call with this id. The command did not run again. */
      readonly repeated: boolean;
    })
  /**
   * An operator requested an action through the operator API: a disconnect, a revocation, a re-authorization, or a change of a
   * state or a stream. `userId` is the operator.
   */
  | (AuditedClient & {
      readonly event: 'operator_action';
      readonly action: OperatorAction;
      /** The id of the connection, the user or the session, or the channel; `null` for all tokens. */
      readonly target: string | null;
      /** Query parameters, such as `tenant` and `until`. */
      readonly query: Readonly<Record<string, string>>;
    })
  /** A request to the operator API or the publish API was not authorized. */
  | (AuditedClient & {
      readonly event: 'request_refused';
      /** Path without the query. */
      readonly path: string;
      readonly reason: RequestRefusal;
    });

/** Names of the reads in the operator API. `explain` is a check of permissions. */
export const OPERATOR_READS = [
  'stats',
  'statsHistory',
  'whoami',
  'connections',
  'connection',
  'channels',
  'commands',
  'live',
  'streams',
  'history',
  'explain',
  'asyncapi',
] as const;
export type OperatorRead = (typeof OPERATOR_READS)[number];

/** Names of the actions on connections, tokens, states and streams in the operator API. */
export const OPERATOR_ACTIONS = [
  'disconnectConnection',
  'disconnectUser',
  'disconnectSession',
  'reauthorizeUser',
  'subscribeUser',
  'unsubscribeUser',
  'revokeConnection',
  'revokeUser',
  'revokeSession',
  'revokeAll',
  'invalidateState',
  'cancelStream',
] as const;
export type OperatorAction = (typeof OPERATOR_ACTIONS)[number];

/**
 * Reason of a rejected request: no token or key, an invalid or expired one, or the token of a user who is not an administrator.
 */
export type RequestRefusal = 'token_missing' | 'token_invalid' | 'token_expired' | 'not_admin' | 'key_invalid';

/**
 * A hook for an audit trail of this instance: connections, rejections, calls of commands, reads and actions of operators, and
 * events published over HTTP. Provide a class under this token in any module:
 *
 * providers: [{ provide: RealtimeAudit, useClass: AuditOfTheCompany }]
 *
 * `record` is called for each entry and should return quickly. Errors that it throws are logged and affect nothing else.
 */
export abstract class RealtimeAudit {
  abstract record(entry: AuditEntry): void | Promise<void>;
}
