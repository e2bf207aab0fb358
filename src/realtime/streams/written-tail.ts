/** Size of the text that a writer keeps after it was stored, in bytes, and for how long, in milliseconds. */
const MAX_BYTES = 65_536;
const MAX_AGE_MS = 30_000;

interface Written {
  readonly at: number;
  readonly text: string;
  readonly bytes: number;
  readonly writtenAt: number;
}

/**
 * The last text of a writer. A promoted replica of Redis can lack text that was acknowledged: the writer appends it again, so that all
 * readers get the same bytes.
 */
export class WrittenTail {
  private parts: Written[] = [];
  private bytes = 0;

  add(at: number, text: string, bytes: number, now: number): void {
    this.parts.push({ at, text, bytes, writtenAt: now });
    this.bytes += bytes;
    this.forgetOld(now);
  }

  forgetOld(now: number): void {
    while (this.bytes > MAX_BYTES || (this.parts[0]?.writtenAt ?? now) < now - MAX_AGE_MS) {
      this.bytes -= this.parts.shift()!.bytes;
    }
  }

  /** Returns everything from this length on; `null` if it is not kept. */
  from(at: number): readonly Written[] | null {
    const first = this.parts.findIndex((part) => part.at === at);
    return first < 0 ? null : this.parts.slice(first);
  }
}
