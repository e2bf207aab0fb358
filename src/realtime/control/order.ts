import { readRevocation, type Revocation } from '../auth/revocation.js';

/** What one instance tells all, itself included. */
export type Order =
  | { readonly do: 'disconnect_user'; readonly userKey: string; readonly by?: string }
  | { readonly do: 'disconnect_session'; readonly jti: string; readonly by?: string }
  | { readonly do: 'disconnect_connection'; readonly connectionId: string; readonly by?: string }
  | { readonly do: 'judge_user'; readonly userKey: string }
  | { readonly do: 'revoke'; readonly revocation: Revocation }
  | { readonly do: 'revoke_connection'; readonly connectionId: string }
  /** What Redis remembers has changed by more than can be told. */
  | { readonly do: 'load_revocations' };

/** What each order holds beside its name: all of it text. */
const FIELDS: Readonly<Record<Exclude<Order['do'], 'revoke'>, readonly string[]>> = {
  disconnect_user: ['userKey'],
  disconnect_session: ['jti'],
  disconnect_connection: ['connectionId'],
  judge_user: ['userKey'],
  revoke_connection: ['connectionId'],
  load_revocations: [],
};

/**
 * @returns the order, and the id by which it is confirmed, where it has one
 * @throws Error for what is none: whoever can write to Redis can write anything
 */
export function readOrder(value: unknown): { readonly order: Order; readonly id: string | null } {
  if (typeof value !== 'object' || value === null) throw new Error('it is no order');
  const fields = value as Record<string, unknown>;
  const { do: name, id } = fields;
  const known = typeof id === 'string' ? id : null;
  if (name === 'revoke') {
    const revocation = readRevocation(fields['revocation']);
    if (revocation === null) throw new Error('it revokes nothing');
    return { order: { do: name, revocation }, id: known };
  }
  if (typeof name !== 'string' || !Object.hasOwn(FIELDS, name)) throw new Error('it is no order that is known here');
  const wanted = FIELDS[name as keyof typeof FIELDS];
  if (!wanted.every((field) => typeof fields[field] === 'string')) throw new Error('it lacks a field');
  if (fields['by'] !== undefined && typeof fields['by'] !== 'string') throw new Error('whoever gave it has no name');
  return { order: fields as unknown as Order, id: known };
}
