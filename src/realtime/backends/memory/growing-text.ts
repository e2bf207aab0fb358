const MIN_CAPACITY = 256;

/** Text in UTF-8 that grows at its end. An append copies only what it adds, unless the memory has to grow. */
export class GrowingText {
  private memory: Buffer = Buffer.alloc(0);
  private from = 0;
  private to = 0;

  /** The text. Its bytes change with the next `append` or `drop`. */
  get bytes(): Buffer {
    return this.memory.subarray(this.from, this.to);
  }

  /** Number of bytes. */
  get length(): number {
    return this.to - this.from;
  }

  /** @param bytes size of the text */
  append(text: string, bytes: number): void {
    if (this.to + bytes > this.memory.length) this.move(2 * (this.length + bytes));
    this.to += this.memory.write(text, this.to);
  }

  /** Drops the first bytes. */
  drop(bytes: number): void {
    this.from += bytes;
    if (this.memory.length > 4 * Math.max(this.length, MIN_CAPACITY)) this.move(2 * this.length);
  }

  private move(capacity: number): void {
    const memory = Buffer.allocUnsafe(Math.max(capacity, MIN_CAPACITY));
    this.to = this.memory.copy(memory, 0, this.from, this.to);
    this.from = 0;
    this.memory = memory;
  }
}
