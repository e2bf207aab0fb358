/** Lengths of strings in UTF-8, for code that runs in browsers too. */

/** Returns the number of bytes of a string in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) bytes += bytesOf(character);
  return bytes;
}

/** Returns the longest beginning of a string that has at most this number of bytes, and ends after a character. */
export function firstBytes(text: string, limit: number): string {
  let left = limit;
  let index = 0;
  for (const character of text) {
    left -= bytesOf(character);
    if (left < 0) break;
    index += character.length;
  }
  return text.slice(0, index);
}

/** Removes the first bytes of a string. @returns `undefined` if the cut is inside of a character, or after the end */
export function withoutBytes(text: string, bytes: number): string | undefined {
  let left = bytes;
  let index = 0;
  for (const character of text) {
    if (left <= 0) break;
    left -= bytesOf(character);
    index += character.length;
  }
  return left === 0 ? text.slice(index) : undefined;
}

/** A lone surrogate becomes U+FFFD, which has three bytes. */
function bytesOf(character: string): number {
  const point = character.codePointAt(0)!;
  return point < 0x80 ? 1 : point < 0x8_00 ? 2 : point < 0x1_00_00 ? 3 : 4;
}
