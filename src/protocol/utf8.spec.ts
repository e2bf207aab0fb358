import { firstBytes, utf8Length, withoutBytes } from './utf8.js';

const TEXTS = [
  '',
  'plain',
  'größer',
  '日本語',
  '🙂🙃',
  'a🙂ö日',
  '\ud83d',
  '\udf00a',
  'a\ud83d',
  '\x7f\x80',
  '\u07ff\u0800',
  '\uffff\u{10000}',
];

describe('lengths in UTF-8', () => {
  it.each(TEXTS)('counts the bytes of %j as an encoder does', (text) => {
    expect(utf8Length(text)).toBe(Buffer.byteLength(text));
  });

  it.each(['größer', '日本語', '🙂🙃', 'a🙂ö日'])('cuts %j between characters only', (text) => {
    const bytes = Buffer.from(text);
    for (let count = 0; count <= bytes.length; count += 1) {
      const first = firstBytes(text, count);
      expect(Buffer.byteLength(first)).toBeLessThanOrEqual(count);
      expect(text.startsWith(first)).toBe(true);
      const isCharacter = Buffer.byteLength(first) === count;
      expect(withoutBytes(text, count)).toBe(isCharacter ? bytes.subarray(count).toString() : undefined);
    }
    expect(withoutBytes(text, bytes.length + 1)).toBeUndefined();
  });
});
