/** Counts the data frames of a server in a stream of bytes. Reads only their headers. */
export class FrameCounter {
  frames = 0;
  /** Missing payload bytes of the current frame. */
  private left = 0;
  /** Start of an incomplete header. */
  private readonly head = Buffer.alloc(10);
  private headLength = 0;

  /** @returns the number of data frames that begin in these bytes */
  push(bytes: Buffer, length = bytes.length): number {
    const before = this.frames;
    let at = 0;
    while (at < length) {
      if (this.left > 0) {
        const taken = Math.min(this.left, length - at);
        this.left -= taken;
        at += taken;
      } else if (this.headLength > 0 || length - at < 10) {
        this.head[this.headLength] = bytes[at]!;
        this.headLength += 1;
        at += 1;
        if (this.headLength >= 2 && this.headLength === headLengthOf(this.head[1]!)) this.begin(this.head, 0);
      } else at += this.begin(bytes, at);
    }
    return this.frames - before;
  }

  private begin(bytes: Buffer, at: number): number {
    if ((bytes[at]! & 8) === 0) this.frames += 1;
    const length = bytes[at + 1]!;
    if (length === 126) this.left = bytes.readUInt16BE(at + 2);
    else if (length === 127) this.left = Number(bytes.readBigUInt64BE(at + 2));
    else this.left = length;
    this.headLength = 0;
    return headLengthOf(length);
  }
}

function headLengthOf(second: number): number {
  return second === 126 ? 4 : second === 127 ? 10 : 2;
}
