import fc from 'fast-check';
import { createEventStreamParser } from './event-stream.js';

/** Parses chunks. @returns each part: data as a string, a comment as `null` */
function parse(chunks: readonly Uint8Array[]): (string | null)[] {
  const parts: (string | null)[] = [];
  const push = createEventStreamParser({
    data: (text) => parts.push(text),
    comment: () => parts.push(null),
  });
  for (const chunk of chunks) push(chunk);
  return parts;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const parsed = (text: string): (string | null)[] => parse([bytesOf(text)]);

describe('the parser of event streams', () => {
  it.each<[string, string, (string | null)[]]>([
    ['a block', 'data: {"type":"pong"}\n\n', ['{"type":"pong"}']],
    ['a block without the space', 'data:x\n\n', ['x']],
    ['only one space', 'data:  x\n\n', [' x']],
    ['several lines of data', 'data: a\ndata: b\n\n', ['a\nb']],
    ['empty data', 'data\n\n', ['']],
    ['a colon inside of the data', 'data: {"a":"b: c"}\n\n', ['{"a":"b: c"}']],
    ['a comment', ':\n\n: beat\n\n', [null, null]],
    ['a cursor and a delay, which are not needed', 'id: abc-7\n\nretry: 1500\n\n', []],
    ['an unknown field', 'event: x\nfoo: bar\ndata: y\n\n', ['y']],
    ['a mark at the begin', '\uFEFFdata: x\n\n', ['x']],
    ['carriage returns', 'data: x\r\rdata: y\r\r', ['x', 'y']],
    ['both line ends', 'data: x\r\ndata: y\n\r\n', ['x\ny']],
    ['an unfinished block', 'data: x\n\ndata: y\n', ['x']],
    ['line separators of Unicode, which are data', 'data: a\u2028b\u0085c\n\n', ['a\u2028b\u0085c']],
  ])('reads %s', (_, text, parts) => {
    expect(parsed(text)).toEqual(parts);
  });

  it('reads the same with any cuts between the chunks', () => {
    const line = fc.constantFrom('data: ü€🙂', 'data:', 'data: {"a":1}', ': beat', 'retry: 20', 'id: e-1', '');
    const end = fc.constantFrom('\n', '\r', '\r\n');
    const cuts = fc.array(fc.nat(200));
    fc.assert(
      fc.property(fc.array(fc.tuple(line, end)), cuts, (lines, places) => {
        const bytes = bytesOf(lines.flat().join(''));
        const at = [0, ...places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
        const chunks = at.slice(1).map((to, index) => bytes.subarray(at[index], to));
        expect(parse(chunks)).toEqual(parse([bytes]));
      }),
    );
  });

  it('reads each byte separately: characters of four bytes, and line ends of two', () => {
    const bytes = bytesOf('data: 🙂ü\r\n\r\n:\r\n\r\ndata: 2\r\n\r\n');
    expect(parse([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(['🙂ü', null, '2']);
  });

  it('reads a frame of 1 MB that arrives in 10,000 chunks', () => {
    const bytes = bytesOf(`data: ${'x'.repeat(1_000_000)}\n\n`);
    const chunks = Array.from({ length: 10_001 }, (_, index) => bytes.subarray(100 * index, 100 * index + 100));
    expect(parse(chunks).map((part) => String(part).length)).toEqual([1_000_000]);
  });
});
