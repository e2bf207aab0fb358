/** Characters that move the cursor, end a line or reverse the text of a terminal. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\u{202a}-\u{202e}\u{2066}-\u{2069}]/gu;

/** Escapes characters that could change a terminal. Events and answers come from outside. JSON stays the same JSON. */
export function printable(text: string): string {
  return text.replaceAll(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Returns the text for one line, at most `length` characters long. */
export function shortened(text: string, length = 200): string {
  const line = text.trim().replaceAll(/\s+/g, ' ');
  return printable(line.length > length ? `${line.slice(0, length)}…` : line);
}
