import { formatPosition, isWildcard, parsePosition, wildcardPrefix, type Unstamped } from '../../protocol/index.js';
import { channelOf } from '../tenants/topic.js';
import type { EventBatch, EventFrame } from './event-frame.js';

/** Maximum size of a cursor, in bytes. Clients send it in a header or in the URL. */
export const MAX_CURSOR_BYTES = 4_096;
/** Size that is reserved for the position of a channel and its separators, in bytes. */
const POSITION_BYTES = 32;

/** A position of no channel: a client that resumes there receives `recovered: false`. */
const UNKNOWN_POSITION = '0-0';

/** Form of a batch for a client with a cursor: blocks, or blocks with the id of the last event. */
export type StreamForm = 'block' | 'identified';

const ENTRY = /^([\w.@%:-]+)=([A-Za-z0-9]{1,64}-[0-9]{1,16})$/;

/**
 * Positions of one client in the channels that it named when it connected, as of the last frame that was sent to it. With one
 * channel, the cursor is the id of the last event. With several, it is a list: `apps:created=8b9f07bccbee-1,apps:deleted=…`.
 */
export class StreamCursor {
  private readonly positions = new Map<string, string>();
  /** Positions at which the client resumes; empty strings once their channels are subscribed to. */
  private readonly starts: Map<string, string> | null;
  private readonly isReadable: boolean;
  /** True if the client has not received the cursor as it is now. */
  hasMoved = false;
  /** The topic of the only channel, once an event of it was sent. */
  private aloneIn: string | null = null;

  /**
   * @param named channels and wildcards that the client named
   * @param received the cursor of an earlier connection; `null` to receive only new events. A cursor that cannot be read is treated
   * as a position that is not kept any more
   */
  constructor(
    private readonly named: readonly string[],
    received: string | null,
  ) {
    const read = received === null ? new Map<string, string>() : readCursor(named, received);
    this.isReadable = read !== null;
    for (const [channel, position] of read ?? []) if (this.isNamed(channel)) this.positions.set(channel, position);
    if (read === null) {
      for (const name of named) if (!isWildcard(name)) this.positions.set(name, UNKNOWN_POSITION);
    }
    this.starts = received === null ? null : new Map(this.positions);
  }

  /** Returns the position at which the subscription to a channel starts, once. `undefined`: with the next event. */
  takeStart(channel: string): string | undefined {
    const start = this.startOf(channel);
    if (start === '') return undefined;
    this.starts?.set(channel, '');
    return start;
  }

  /** Follows a frame that was sent. */
  follow(frame: Unstamped): void {
    switch (frame.type) {
      case 'subscribed':
      case 'resync':
        if (frame.lastEventId !== undefined && this.isNamed(frame.channel)) this.move(frame.channel, frame.lastEventId);
        break;
      case 'unsubscribed':
        if (this.positions.delete(frame.channel)) this.hasMoved = true;
    }
  }

  /** Follows a state that was sent whole. */
  followState(topic: string, id: string): void {
    const channel = channelOf(topic);
    if (this.isNamed(channel)) this.move(channel, id);
  }

  /** Follows events that are sent. @returns their form: `identified` contains the cursor, so that nothing has to follow it */
  takeBatch(batch: EventBatch): StreamForm {
    const id = this.isAlone(batch.topic) && !this.hasMoved ? batch.lastId : null;
    const channel = this.named[0]!;
    if (id !== null && this.positions.has(channel) && !this.isResuming(channel)) {
      this.positions.set(channel, id);
      return 'identified';
    }
    for (const { topic, frames } of batch.parts) this.followEvent(topic, frames.at(-1)!);
    return 'block';
  }

  /** Follows an event that was sent. An event without a position changes nothing. */
  followEvent(topic: string, { position }: Pick<EventFrame, 'position'>): void {
    if (position === null) return;
    const channel = channelOf(topic);
    if (this.positions.has(channel)) this.move(channel, formatPosition(position));
  }

  /** Returns the cursor if it has changed since the last call, otherwise `null`. Empty without a position. */
  takeChange(): string | null {
    if (!this.hasMoved) return null;
    this.hasMoved = false;
    const { named, positions } = this;
    if (named.length === 1 && !isWildcard(named[0]!)) return positions.get(named[0]!) ?? '';
    return [...positions].map(([channel, position]) => `${channel}=${position}`).join(',');
  }

  private move(channel: string, position: string): void {
    if (this.isResuming(channel) || this.positions.get(channel) === position) return;
    this.positions.set(channel, position);
    this.hasMoved = true;
  }

  /** The server can subscribe a client before the client resumes. */
  private isResuming(channel: string): boolean {
    return this.startOf(channel) !== '';
  }

  /** Returns the position at which a channel still has to resume; an empty string if it does not. */
  private startOf(channel: string): string {
    return this.starts?.get(channel) ?? (this.isReadable || !this.isNamed(channel) ? '' : UNKNOWN_POSITION);
  }

  /** Returns true if the cursor is the id of the last event of this topic. */
  private isAlone(topic: string): boolean {
    if (topic === this.aloneIn) return true;
    const { named } = this;
    if (named.length !== 1 || isWildcard(named[0]!) || channelOf(topic) !== named[0]) return false;
    this.aloneIn = topic;
    return true;
  }

  private isNamed(channel: string): boolean {
    return this.named.some((name) => (isWildcard(name) ? channel.startsWith(wildcardPrefix(name)) : name === channel));
  }
}

/** Returns the size of a cursor with these channels, in bytes. Cursors with shorter positions are smaller. */
export function cursorBytes(channels: Iterable<string>): number {
  let bytes = 0;
  for (const channel of channels) bytes += channel.length + POSITION_BYTES;
  return bytes;
}

/** @returns `null` if the cursor has neither form, or is the position of one channel and others can be meant */
function readCursor(named: readonly string[], cursor: string): Map<string, string> | null {
  const [name] = named;
  if (named.length === 1 && !isWildcard(name!) && parsePosition(cursor) !== null) return new Map([[name!, cursor]]);
  const positions = new Map<string, string>();
  for (const entry of cursor.split(',')) {
    const [, channel, position] = ENTRY.exec(entry) ?? [];
    if (channel === undefined || position === undefined) return null;
    positions.set(channel, position);
  }
  return positions;
}
