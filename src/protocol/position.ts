/**
 * Where a channel stands: events of one epoch are numbered from 1 without a hole. As an event's `id` a position is
 * `<epoch>-<offset>`, which a client hands back unread as `lastEventId`.
 */
export interface Position {
  readonly epoch: string;
  /** 0 before the first event of the epoch. */
  readonly offset: number;
}

const ID = /^([A-Za-z0-9]{1,64})-(0|[1-9][0-9]{0,15})$/;

/** The longest `lastEventId` that a request may carry, in characters. */
export const MAX_EVENT_ID_LENGTH = 128;

/** @returns the id of the event at this position, as it is on the wire: `8b9f07bccbee-1` */
export function formatPosition(position: Position): string {
  return `${position.epoch}-${position.offset}`;
}

/** @returns `null` for a text that no server ever gave out. */
export function parsePosition(id: string): Position | null {
  const match = ID.exec(id);
  if (!match) return null;
  const offset = Number(match[2]);
  return Number.isSafeInteger(offset) ? { epoch: match[1]!, offset } : null;
}
