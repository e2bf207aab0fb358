import type { Principal } from '../auth/principal.js';
import type { QuestionKind } from '../cluster/cluster-bus.js';
import type { Connection } from '../connections/connection.js';
import { list, nullable, oneOf, record, string } from '../schemas/schema.js';

/** The sender of frames: a user or a guest, with the channels to which its token is limited. */
export interface Sender {
  readonly userKey: string;
  /** `null` without a limit. */
  readonly channels: readonly string[] | null;
}

/** Frames of the client of a stream. */
export interface SentFrames {
  readonly connectionId: string;
  /** `null` without a token. */
  readonly sender: Sender | null;
  /** Each as JSON. */
  readonly frames: readonly string[];
}

const OUTCOMES = ['taken', 'unknown', 'busy', 'unanswered'] as const;
/** Result of sent frames. */
export type Outcome = (typeof OUTCOMES)[number];

/** Limit of the schema, which no body reaches. */
const MAX_LENGTH = 2 ** 30;

const text = string({ max: MAX_LENGTH });
const sentFramesSchema = record<SentFrames>({
  connectionId: string({ max: 64 }),
  sender: nullable(record<Sender>({ userKey: text, channels: nullable(list(text, MAX_LENGTH)) })),
  frames: list(text, MAX_LENGTH),
});

/** Frames for a stream of the instance at this place. */
export function framesAt(place: string): QuestionKind<SentFrames, Outcome> {
  return { topic: `$stream-${place}`, message: sentFramesSchema, answerTo: () => oneOf(OUTCOMES) };
}

export function senderOf(principal: Principal | null): Sender | null {
  return principal === null ? null : { userKey: principal.userKey, channels: principal.channels ?? null };
}

/**
 * Returns true if the sender can send frames for the connection. It must be the same user. If its token is limited to some
 * channels, the token of the stream must have the same limit. For a connection without a token, knowing its id is enough.
 */
export function isSenderOf({ principal }: Pick<Connection, 'principal'>, sender: Sender | null): boolean {
  if (principal === null) return true;
  if (sender === null || sender.userKey !== principal.userKey) return false;
  return sender.channels === null || JSON.stringify(sender.channels) === JSON.stringify(principal.channels);
}
