import { revocationSchema, type Revocation } from '../../auth/revocation.js';
import { record, SchemaError, string, tagged, type Schema } from '../../schemas/schema.js';

/** A command from one instance to all instances, including itself. */
export type ControlCommand =
  | { readonly do: 'disconnect_user'; readonly userKey: string; readonly by?: string }
  | { readonly do: 'disconnect_session'; readonly jti: string; readonly by?: string }
  | { readonly do: 'disconnect_connection'; readonly connectionId: string; readonly by?: string }
  | { readonly do: 'reauthorize_user'; readonly userKey: string }
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
  revoke: record<FieldsOf<'revoke'>>({ revocation: revocationSchema, by: id }, ['by']),
  revoke_connection: record<FieldsOf<'revoke_connection'>>({ connectionId: id, by: id }, ['by']),
  load_revocations: record({}),
  restore_revocations: record({}),
});

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
