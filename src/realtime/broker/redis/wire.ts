import { randomBytes } from 'node:crypto';
import type { Position } from '../../../protocol/index.js';
import type { BrokerEvent } from '../broker.js';

/** `<epoch> <offset> <message id> `, with `-` for the epoch of a channel without history. */
const MESSAGE_HEAD = /^([0-9A-Za-z]{1,64}|-) (\d{1,15}) [0-9a-f]{16}\.\d+(?:~([0-9a-f-]{55}))? /;

/** `<instance>.<number>`, and behind a `~` the traceparent where there is one: so it is beside the event, and not in it. */
export function messageIdOf(instance: string, number: number, traceparent?: string): string {
  return `${instance}.${number}${traceparent === undefined ? '' : `~${traceparent}`}`;
}

/** What came in through pub/sub; `null` for what no instance has published. */
export function parseMessage(message: string): BrokerEvent | null {
  const head = MESSAGE_HEAD.exec(message);
  if (head === null) return null;
  const [{ length }, epoch, offset, traceparent] = head as unknown as [string, string, string, string?];
  const position = epoch === '-' ? null : { epoch, offset: Number(offset) };
  const body = message.slice(length);
  return traceparent === undefined ? { position, body } : { position, body, traceparent };
}

const ENTRY_HEAD = /^(\d{1,15}) [0-9a-f]{16}\.\d+(?:~([0-9a-f-]{55}))? /;

/**
 * One entry of a history, `<offset> <message id> <body>`; the id ends in `~<traceparent>` if its `emit` was traced.
 * `null` for one that no instance has written.
 */
export function parseEntry(epoch: string, entry: string): (BrokerEvent & { readonly position: Position }) | null {
  const head = ENTRY_HEAD.exec(entry);
  if (head === null) return null;
  const [{ length }, offset, traceparent] = head as unknown as [string, string, string?];
  return {
    position: { epoch, offset: Number(offset) },
    body: entry.slice(length),
    // An event that fills a gap, such as the first of a channel, belongs to its trace as well.
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

const EPOCH_BYTES = 6;
/** Random bytes ahead: asking for six of them for every event was the dearest part of an emit. */
let entropy = Buffer.alloc(0);
let used = 0;

/** An epoch in case that the channel has none; 12 hex digits. */
export function freshEpoch(): string {
  if (used === entropy.length) {
    entropy = randomBytes(EPOCH_BYTES * 1_024);
    used = 0;
  }
  used += EPOCH_BYTES;
  return entropy.toString('hex', used - EPOCH_BYTES, used);
}
