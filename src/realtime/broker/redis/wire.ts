import { randomBytes } from 'node:crypto';
import type { Position } from '../../../protocol/index.js';
import type { BrokerEvent } from '../broker.js';

/** `<epoch> <offset> <message id> `, with `-` for the epoch of a channel without history. */
const MESSAGE_HEAD = /^([0-9A-Za-z]{1,64}|-) (\d{1,15}) [0-9a-f]{16}\.\d+ /;

/** What came in through pub/sub; `null` for what no instance has published. */
export function parseMessage(message: string): BrokerEvent | null {
  const head = MESSAGE_HEAD.exec(message);
  if (head === null) return null;
  const [{ length }, epoch, offset] = head as unknown as [string, string, string];
  return { position: epoch === '-' ? null : { epoch, offset: Number(offset) }, body: message.slice(length) };
}

/** One entry of a history, `<offset> <message id> <body>`. */
export function parseEntry(epoch: string, entry: string): BrokerEvent & { readonly position: Position } {
  const afterOffset = entry.indexOf(' ');
  const afterId = entry.indexOf(' ', afterOffset + 1);
  return { position: { epoch, offset: Number(entry.slice(0, afterOffset)) }, body: entry.slice(afterId + 1) };
}

/** An epoch in case that the channel has none; 12 hex digits. */
export function freshEpoch(): string {
  return randomBytes(6).toString('hex');
}
