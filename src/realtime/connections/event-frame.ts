import { eventText, type Position } from '../../protocol/index.js';

/** One event as it goes to every subscriber: the same bytes for all, made once. */
export class EventFrame {
  /** The whole frame as UTF-8. */
  readonly bytes: Buffer;

  /** @param position `null` on a channel that keeps no history */
  constructor(
    readonly position: Position | null,
    body: string,
  ) {
    this.bytes = Buffer.from(eventText(position, body));
  }
}
