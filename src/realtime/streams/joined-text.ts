import { MAX_STREAM_FRAME_BYTES } from '../../protocol/index.js';

const encoder = new TextEncoder();
const scratch = new Uint8Array(MAX_STREAM_FRAME_BYTES);

/** Writes that wait to leave together, and are taken in pieces of at most 64 KB. */
export class JoinedText {
  private parts: string[] = [];
  /** Number of waiting bytes. */
  bytes = 0;
  /** The first half of a character whose second half was not written yet. */
  private half = '';

  /** @param lines true if each write is a line, which is not cut */
  constructor(private readonly lines: boolean) {}

  /** Adds text. A lone surrogate becomes U+FFFD. @returns its size in bytes */
  add(text: string): number {
    let whole = this.half + text;
    this.half = '';
    const last = whole.charCodeAt(whole.length - 1);
    if (!this.lines && last >= 0xd800 && last < 0xdc00) {
      this.half = whole.slice(-1);
      whole = whole.slice(0, -1);
    }
    if (whole === '') return 0;
    const wellFormed = toWellFormed(whole);
    const size = Buffer.byteLength(wellFormed);
    this.parts.push(wellFormed);
    this.bytes += size;
    return size;
  }

  /** Completes a character whose second half will not come. @returns the number of bytes that it added */
  complete(): number {
    if (this.half === '') return 0;
    this.half = '';
    return this.add('\ufffd');
  }

  /** Takes the next piece; empty if nothing waits. */
  take(): string {
    if (this.lines) return this.takeLines();
    const all = this.parts.length === 1 ? this.parts[0]! : this.parts.join('');
    if (this.bytes <= MAX_STREAM_FRAME_BYTES) {
      this.clear();
      return all;
    }
    const { read, written } = encoder.encodeInto(all, scratch);
    this.parts = [all.slice(read)];
    this.bytes -= written;
    return all.slice(0, read);
  }

  clear(): void {
    this.parts = [];
    this.bytes = 0;
  }

  private takeLines(): string {
    let size = 0;
    let count = 0;
    for (const line of this.parts) {
      const bytes = Buffer.byteLength(line);
      if (count > 0 && size + bytes > MAX_STREAM_FRAME_BYTES) break;
      size += bytes;
      count += 1;
    }
    this.bytes -= size;
    return this.parts.splice(0, count).join('');
  }
}

/** Replaces lone surrogates, which have no UTF-8. */
function toWellFormed(text: string): string {
  return /\p{Surrogate}/u.test(text) ? text.replace(/\p{Surrogate}/gu, '\ufffd') : text;
}
