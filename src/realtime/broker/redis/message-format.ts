import { randomBytes } from 'node:crypto';
import type { Position } from '../../../protocol/index.js';
import type { BrokerEvent } from '../broker.js';

const EPOCH_BYTES = 6;
const ID_BYTES = 8;
const ENTROPY_BYTES = 8_192;

/** `<epoch> <offset> <message id> `, with `-` for the epoch of a channel without history. */
const MESSAGE_HEAD = /^([0-9A-Za-z]{1,64}|-) (\d{1,15}) ([0-9a-f]{16})\.\d+(?:~([0-9a-f-]{55}))? /;

/**
 * `<random>.<number>`, and behind a `~` the traceparent where there is one: so it is beside the event, and not in it. An id
 * that a forger could guess would make a forged event pass for the true one.
 */
export function messageIdOf(number: number, traceparent?: string): string {
  return `${randomHex(ID_BYTES)}.${number}${traceparent === undefined ? '' : `~${traceparent}`}`;
}

/** A message id as a number: 53 of its 64 random bits, and no part of a longer string that would stay in memory. */
export function markOf(messageId: string): number {
  return Number.parseInt(messageId, 16);
}

/** Parses a pub/sub message; returns `null` if no instance published it. */
export function parseMessage(message: string): BrokerEvent | null {
  const head = MESSAGE_HEAD.exec(message);
  if (head === null) return null;
  const [{ length }, epoch, offset, id, traceparent] = head as unknown as [string, string, string, string, string?];
  const position = epoch === '-' ? null : { epoch, offset: Number(offset) };
  const mark = markOf(id);
  const body = message.slice(length);
  return traceparent === undefined ? { position, mark, body } : { position, mark, body, traceparent };
}

/** An event of a history: it has a position. */
export type HistoryEvent = BrokerEvent & { readonly position: Position };

const ENTRY_HEAD = /^(\d{1,15}) ([0-9a-f]{16})\.\d+(?:~([0-9a-f-]{55}))? /;

/**
 * One entry of a history, `<offset> <message id> <body>`; the id ends in `~<traceparent>` if its `emit` was traced.
 * `null` for one that no instance has written.
 */
export function parseEntry(epoch: string, entry: string): HistoryEvent | null {
  const head = ENTRY_HEAD.exec(entry);
  if (head === null) return null;
  const [{ length }, offset, id, traceparent] = head as unknown as [string, string, string, string?];
  return {
    position: { epoch, offset: Number(offset) },
    mark: markOf(id),
    body: entry.slice(length),
    // An event that fills a gap, such as the first of a channel, belongs to its trace as well.
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

/** An epoch in case that the channel has none; 12 hex digits. */
export function freshEpoch(): string {
  return randomHex(EPOCH_BYTES);
}

/** Random bytes ahead: asking for six of them for every event was the dearest part of an emit. */
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
