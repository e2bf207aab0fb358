import type { EventFrame } from './event-frame.js';

/** Memory of a held event in addition to its bytes, which it can share with other connections. */
const OVERHEAD = 100;

/**
 * Events with a conflation key that wait until a slow client has read what was sent before. Per channel and key only the newest
 * event waits. Events of a channel keep their order: a replaced event leaves its place to the next one.
 */
export class HeldEvents {
  private readonly topics = new Map<string, Map<string, EventFrame>>();
  private held = 0;

  /** Size of the held events, in bytes. */
  get bytes(): number {
    return this.held;
  }

  get isEmpty(): boolean {
    return this.topics.size === 0;
  }

  has(topic: string): boolean {
    return this.topics.has(topic);
  }

  /** Holds an event, and drops the older event of its key. */
  hold(topic: string, key: string, frame: EventFrame): void {
    let events = this.topics.get(topic);
    if (events === undefined) this.topics.set(topic, (events = new Map()));
    const older = events.get(key);
    if (older !== undefined) this.held -= sizeOf(older);
    events.delete(key);
    events.set(key, frame);
    this.held += sizeOf(frame);
  }

  /** Removes the held events of a channel, and returns them in order. */
  take(topic: string): readonly EventFrame[] {
    const frames = [...(this.topics.get(topic)?.values() ?? [])];
    this.topics.delete(topic);
    for (const frame of frames) this.held -= sizeOf(frame);
    return frames;
  }

  /** Removes all held events, and returns those of each channel in order. */
  takeAll(): (readonly [topic: string, frames: readonly EventFrame[]])[] {
    return [...this.topics.keys()].map((topic) => [topic, this.take(topic)]);
  }
}

function sizeOf({ wire }: EventFrame): number {
  return wire.length + OVERHEAD;
}
