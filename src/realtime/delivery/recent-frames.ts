import type { EventFrame } from '../connections/event-frame.js';

/** Number and bytes of frames that are kept per channel, so that most reconnects need no read. */
const MAX_FRAMES = 64;
const MAX_BYTES = 262_144;

/** The last frames of a channel on this instance. */
export class RecentFrames {
  private frames: EventFrame[] = [];
  private bytes = 0;

  /** Average size of the kept frames, in bytes; `null` if none is kept. */
  get averageBytes(): number | null {
    return this.frames.length === 0 ? null : this.bytes / this.frames.length;
  }

  keep(frame: EventFrame): void {
    this.frames.push(frame);
    this.bytes += frame.wire.length;
    while (this.frames.length > MAX_FRAMES || this.bytes > MAX_BYTES) {
      this.bytes -= this.frames.shift()!.wire.length;
    }
  }

  /** Returns the last frames; `null` if fewer are kept, or if they exceed `maxBytes`. */
  last(count: number, maxBytes: number): readonly EventFrame[] | null {
    if (count > this.frames.length) return null;
    const frames = this.frames.slice(-count);
    return frames.reduce((sum, { bytes }) => sum + bytes.length, 0) > maxBytes ? null : frames;
  }

  forget(): void {
    this.frames = [];
    this.bytes = 0;
  }
}
