const MARK = Buffer.from('data: {');

/** Counts the messages of a stream of server-sent events. */
export class StreamCounter {
  frames = 0;
  /** The end of the last bytes, which can be the beginning of a mark. */
  private rest = Buffer.alloc(0);

  /** @returns the number of new messages */
  push(bytes: Buffer): number {
    const before = this.frames;
    const all = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    let at = all.indexOf(MARK);
    let end = 0;
    for (; at >= 0; at = all.indexOf(MARK, end)) {
      this.frames += 1;
      end = at + MARK.length;
    }
    // A copy, because the buffer is used again.
    this.rest = Buffer.from(all.subarray(Math.max(end, all.length - MARK.length + 1)));
    return this.frames - before;
  }
}
