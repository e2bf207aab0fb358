import { revocationSchema, type Revocation } from '../../auth/revocation.js';
import { ERROR_CODES, type ErrorCode } from '../../../protocol/index.js';
import { integer, list, oneOf, record, SchemaError, string, tagged, type Schema } from '../../schemas/schema.js';

/** A command from one instance to all instances, including itself. */
export type ControlCommand =
  | { readonly do: 'disconnect_user'; readonly userKey: string; readonly by?: string }
  | { readonly do: 'disconnect_session'; readonly jti: string; readonly by?: string }
  | { readonly do: 'disconnect_connection'; readonly connectionId: string; readonly by?: string }
  | { readonly do: 'reauthorize_user'; readonly userKey: string }
  | { readonly do: 'subscribe_user'; readonly userKey: string; readonly channel: string }
  | { readonly do: 'unsubscribe_user'; readonly userKey: string; readonly channel: string }
  | { readonly do: 'revoke'; readonly revocation: Revocation; readonly by?: string }
  | { readonly do: 'revoke_connection'; readonly connectionId: string; readonly by?: string }
  /** The store has new revocations: load them. */
  | { readonly do: 'load_revocations' }
  /** The sender has just started or was disconnected: instances write revocations that the store lost back to it. */
  | { readonly do: 'restore_revocations' };

type FieldsOf<Name extends ControlCommand['do']> = Omit<Extract<ControlCommand, { readonly do: Name }>, 'do'>;

const id = string({ max: 2_048 });

export const commandSchema: Schema<ControlCommand> = tagged<'do', ControlCommand>('do', {
  disconnect_user: record<FieldsOf<'disconnect_user'>>({ userKey: id, by: id }, ['by']),
  disconnect_session: record<FieldsOf<'disconnect_session'>>({ jti: id, by: id }, ['by']),
  disconnect_connection: record<FieldsOf<'disconnect_connection'>>({ connectionId: id, by: id }, ['by']),
  reauthorize_user: record<FieldsOf<'reauthorize_user'>>({ userKey: id }),
  subscribe_user: record<FieldsOf<'subscribe_user'>>({ userKey: id, channel: id }),
  unsubscribe_user: record<FieldsOf<'unsubscribe_user'>>({ userKey: id, channel: id }),
  revoke: record<FieldsOf<'revoke'>>({ revocation: revocationSchema, by: id }, ['by']),
  revoke_connection: record<FieldsOf<'revoke_connection'>>({ connectionId: id, by: id }, ['by']),
  load_revocations: record({}),
  restore_revocations: record({}),
});

/** A connection that was not subscribed. */
export interface SubscribeRefusal {
  readonly connectionId: string;
  /**
   * - `forbidden`, `unknown_channel`: the answer to a request of this client
   * - `too_many_subscriptions`: the connection or its tenant has reached its limit
   * - `unavailable`: not decided in time; the instance tries again while the connection is open
   */
  readonly code: ErrorCode;
}

/** Result of `subscribe_user` on one instance. */
export interface SubscribeOutcome {
  /** Number of connections that have the subscription. */
  readonly connections: number;
  readonly refusals: readonly SubscribeRefusal[];
}

/** Maximum number of refusals that an instance lists. */
export const MAX_REFUSALS = 1_000;

const subscribeOutcome = record<SubscribeOutcome>({
  connections: integer(),
  refusals: list(
    record<SubscribeRefusal>({ connectionId: id, code: oneOf(Object.keys(ERROR_CODES) as ErrorCode[]) }),
    MAX_REFUSALS,
  ),
});

/** Result of a command on one instance: the number of affected connections, or {@link SubscribeOutcome}. */
export type CommandOutcome = number | SubscribeOutcome;

/** Returns the schema of the result of a command. */
export function outcomeOf(command: ControlCommand): Schema<CommandOutcome> {
  return command.do === 'subscribe_user' ? subscribeOutcome : integer();
}

/**
 * Throws if other instances would reject the command. Call it first: such a command must not be executed on this instance alone.
 * @throws RangeError naming the field
 */
export function assertSendable(command: ControlCommand): void {
  try {
    commandSchema.write(command, 'command');
  } catch (error) {
    throw error instanceof SchemaError ? new RangeError(error.message) : error;
  }
}
