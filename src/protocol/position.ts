/**
 * Position in the log of a channel. The events of an epoch are numbered from 1, without gaps. On the wire a position is
 * the `id` of an event, `<epoch>-<offset>`. A client sends it back as `lastEventId` and does not interpret it.
 */
export interface Position {
  readonly epoch: string;
  /** 0 before the first event of the epoch. */
  readonly offset: number;
}

const ID = /^([A-Za-z0-9]{1,64})-(0|[1-9][0-9]{0,15})$/;

/** Maximum length of a `lastEventId` in a request, in characters. */
export const MAX_EVENT_ID_LENGTH = 128;

/** Formats a position as the id of an event: `8b9f07bccbee-1`. */
export function formatPosition(position: Position): string {
  return `${position.epoch}-${position.offset}`;
}

/** Parses the id of an event. Returns `null` for a string that is not a valid id. */
export function parsePosition(id: string): Position | null {
  const match = ID.exec(id);
  if (!match) return null;
  const offset = Number(match[2]);
  return Number.isSafeInteger(offset) ? { epoch: match[1]!, offset } : null;
}
