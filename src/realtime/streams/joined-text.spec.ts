import { JoinedText } from './joined-text.js';

const KB64 = 65_536;

describe('writes that are joined', () => {
  const all = (joined: JoinedText): string[] => {
    const pieces: string[] = [];
    while (joined.bytes > 0) pieces.push(joined.take());
    return pieces;
  };

  it('leave as one piece', () => {
    const joined = new JoinedText(false);
    expect([joined.add('a'), joined.add(''), joined.add('ü'), joined.bytes]).toEqual([1, 0, 2, 3]);
    expect([joined.take(), joined.bytes, joined.take()]).toEqual(['aü', 0, '']);
  });

  it('leave in pieces of at most 64 KB, cut between characters', () => {
    const joined = new JoinedText(false);
    joined.add(`abc${'😀'.repeat(20_000)}`);
    const pieces = all(joined);
    expect(pieces.join('')).toBe(`abc${'😀'.repeat(20_000)}`);
    expect(pieces.map((piece) => Buffer.byteLength(piece))).toEqual([KB64 - 1, 80_003 - KB64 + 1]);
    expect(joined.bytes).toBe(0);
  });

  it('leave in one piece of exactly 64 KB', () => {
    const joined = new JoinedText(false);
    joined.add('x'.repeat(KB64));
    expect(all(joined)).toEqual(['x'.repeat(KB64)]);
    joined.add('x'.repeat(KB64 + 1));
    expect(all(joined).map(({ length }) => length)).toEqual([KB64, 1]);
  });

  it('join the two halves of a character, and complete one that is alone', () => {
    const joined = new JoinedText(false);
    expect([joined.add('a\ud83d'), joined.bytes, joined.add('\ude00b')]).toEqual([1, 1, 5]);
    expect(joined.take()).toBe('a😀b');
    expect([joined.add('\ud83d'), joined.add('c'), joined.add('\ude00')]).toEqual([0, 4, 3]);
    expect(joined.take()).toBe('\ufffdc\ufffd');
    expect([joined.add('\udbff'), joined.complete(), joined.complete(), joined.take()]).toEqual([0, 3, 0, '\ufffd']);
  });

  it('keep the halves of a character that is cut by a write of any length', () => {
    const joined = new JoinedText(false);
    for (const half of Array.from('é😀\u{10ffff}x'.repeat(3)).join('').split('')) joined.add(half);
    expect(joined.take()).toBe('é😀\u{10ffff}x'.repeat(3));
  });

  it('count what is taken and cleared', () => {
    const joined = new JoinedText(false);
    joined.add('é'.repeat(40_000));
    joined.take();
    expect(joined.bytes).toBe(80_000 - KB64);
    joined.add('x');
    expect(joined.bytes).toBe(80_001 - KB64);
    joined.clear();
    expect([joined.bytes, joined.take()]).toEqual([0, '']);
  });

  it('cut lines only after a line, also one that is larger than a piece', () => {
    const joined = new JoinedText(true);
    const lines = [`"${'ü'.repeat(20_000)}"\n`, `"${'x'.repeat(25_530)}"\n`, '"\ud83d"\n', `"${'y'.repeat(70_000)}"\n`];
    for (const line of lines) joined.add(line);
    expect(all(joined)).toEqual([lines[0]! + lines[1]!, '"\ufffd"\n', lines[3]]);
    expect(joined.bytes).toBe(0);
  });

  it('hold lines of together 64 KB in one piece', () => {
    const joined = new JoinedText(true);
    const half = `${'x'.repeat(KB64 / 2 - 1)}\n`;
    for (const line of [half, half, '1\n']) joined.add(line);
    expect(all(joined)).toEqual([half + half, '1\n']);
  });
});
