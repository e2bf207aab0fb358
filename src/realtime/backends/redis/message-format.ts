import { randomBytes } from 'node:crypto';
import type { Position } from '../../../protocol/index.js';
import type { BrokerEvent } from '../../broker/broker.js';

const EPOCH_BYTES = 6;
const ID_BYTES = 8;
const ENTROPY_BYTES = 8_192;

/** `<epoch> <offset> <message id> `, with `-` for the epoch of a channel without history. */
const MESSAGE_HEAD = /^([0-9A-Za-z]{1,64}|-) (\d{1,15}) ([0-9a-f]{16})\.\d+(?:~([0-9a-f-]{55}))?(?:!([!-~]{1,2000}))? /;

/**
 * Creates a message id: `<random>.<number>`, followed by `~<traceparent>` and `!<hints>` if there are any. So they are not part
 * of the event. The random part prevents forgery: with a guessed id, a forged event would pass for the true one.
 */
export function messageIdOf(
  number: number,
  { traceparent, hints }: { readonly traceparent?: string | undefined; readonly hints?: string | undefined } = {},
): string {
  const trace = traceparent === undefined ? '' : `~${traceparent}`;
  return `${randomHex(ID_BYTES)}.${number}${trace}${hints === undefined ? '' : `!${hints}`}`;
}

/** Converts a message id to a number: 53 of its 64 random bits. A number does not keep the longer string in memory. */
export function markOf(messageId: string): number {
  return Number.parseInt(messageId, 16);
}

type MessageHead = [head: string, epoch: string, offset: string, id: string, traceparent?: string, hints?: string];

/** Parses a pub/sub message. Returns `null` if no instance can have published it. */
export function parseMessage(message: string): BrokerEvent | null {
  const head = MESSAGE_HEAD.exec(message);
  if (head === null) return null;
  const [{ length }, epoch, offset, id, traceparent, hints] = head as unknown as MessageHead;
  const position = epoch === '-' ? null : { epoch, offset: Number(offset) };
  const mark = markOf(id);
  const body = message.slice(length);
  const event = traceparent === undefined ? { position, mark, body } : { position, mark, body, traceparent };
  return hints === undefined ? event : { ...event, hints };
}

/** An event from a history. It always has a position. */
export type HistoryEvent = BrokerEvent & { readonly position: Position };

const ENTRY_HEAD = /^(\d{1,15}) ([0-9a-f]{16})\.\d+(?:~([0-9a-f-]{55}))?(?:!([!-~]{1,2000}))? /;

/**
 * Parses an entry of a history: `<offset> <message id> <body>`. The id can end with `~<traceparent>` and `!<hints>`.
 * Returns `null` if no instance can have written it.
 */
export function parseEntry(epoch: string, entry: string): HistoryEvent | null {
  const head = ENTRY_HEAD.exec(entry);
  if (head === null) return null;
  const [{ length }, offset, id, traceparent, hints] = head as unknown as [string, string, string, string?, string?];
  return {
    position: { epoch, offset: Number(offset) },
    mark: markOf(id),
    body: entry.slice(length),
    // A replayed event, such as the first of a channel, also belongs to its trace.
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(hints === undefined ? {} : { hints }),
  };
}

/** Creates an epoch, to be used if the channel has none. It has 12 hex digits. */
export function freshEpoch(): string {
  return randomHex(EPOCH_BYTES);
}

/** Random bytes are fetched in advance: fetching them for each event was the most expensive part of an emit. */
let entropy = Buffer.alloc(0);
let used = 0;

function randomHex(bytes: number): string {
  if (used + bytes > entropy.length) {
    entropy = randomBytes(ENTROPY_BYTES);
    used = 0;
  }
  used += bytes;
  return entropy.toString('hex', used - bytes, used);
}
