/** Places at which the text of a stream is cut: between characters, or after a line feed if it consists of lines. */

const LINE_FEED = 10;

/** Returns the first place from `from` at which UTF-8 text can be cut. */
export function firstBoundary(text: Uint8Array, from: number, lines: boolean): number {
  if (from >= text.length || from <= 0) return Math.min(Math.max(0, from), text.length);
  if (lines) {
    const end = text.indexOf(LINE_FEED, from - 1);
    return end < 0 ? text.length : end + 1;
  }
  let at = from;
  while (at < text.length && isContinuation(text[at]!)) at += 1;
  return at;
}

/** Returns the last place up to `to` at which UTF-8 text can be cut; `from` if there is none after it. */
export function lastBoundary(text: Uint8Array, from: number, to: number, lines: boolean): number {
  if (to <= from) return from;
  if (to >= text.length) return text.length;
  if (lines) return Math.max(from, text.lastIndexOf(LINE_FEED, to - 1) + 1);
  let at = to;
  while (at > from && isContinuation(text[at]!)) at -= 1;
  return at;
}

/** True for a byte that does not begin a character. */
function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
