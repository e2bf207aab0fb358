import { connectedOf, timestampOf, refusalOf, type Connected } from './frames.js';
import type { Conversation, Message } from './conversation.js';

/** The first message of a server. `sentAt` is the time by its clock, `at` by the local one. */
export type Greeting =
  | { readonly kind: 'connected'; readonly connected: Connected; readonly sentAt: number | null; readonly at: number }
  | {
      readonly kind: 'error';
      readonly code: string;
      readonly message: string;
      readonly sentAt: number | null;
      readonly at: number;
    }
  | { readonly kind: 'silent' }
  | { readonly kind: 'foreign'; readonly text: string }
  | Extract<Message, { kind: 'closed' }>;

/**
 * Returns the first message. A server that waits for a token sends nothing first, so this sends a ping, which it answers
 * with `auth_required`.
 */
export async function greetingOf(conversation: Conversation, timeoutMs: number): Promise<Greeting> {
  conversation.send({ type: 'ping' });
  const message = await conversation.next(timeoutMs);
  if (message === null) return { kind: 'silent' };
  if (message.kind !== 'frame') return message;
  const { frame, at } = message;
  const connected = connectedOf(frame);
  if (connected !== null) return { kind: 'connected', connected, sentAt: timestampOf(frame), at };
  const refusal = refusalOf(frame);
  if (refusal !== null) return { kind: 'error', ...refusal, sentAt: timestampOf(frame), at };
  return { kind: 'foreign', text: JSON.stringify(frame) };
}

/** Sentences about error codes, with what to do. */
const ADVICE: Readonly<Record<string, string>> = {
  auth_required: 'The server accepts no anonymous clients: set REALTIME_TOKEN, or pass --token.',
  token_expired: 'Get a fresh token.',
  unavailable: 'The server cannot verify tokens now: the keys of the issuer, or its store, are unreachable. Try again.',
  forbidden: 'Only platform administrators can choose a tenant: leave out --tenant, or use their token.',
  too_many_connections: 'The user has too many connections (option maxConnectionsPerUser), or the instance has.',
};

/** Returns a sentence of what to do about an error code; `undefined` if there is none. */
export function adviceFor(code: string): string | undefined {
  return Object.hasOwn(ADVICE, code) ? ADVICE[code] : undefined;
}
