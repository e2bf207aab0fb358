import { constants, inflateRawSync } from 'node:zlib';
import {
  COMPRESS_FROM_BYTES,
  COMPRESS_UP_TO_BYTES,
  eventBlock,
  frameDeflated,
  frameText,
  idBlock,
} from './frame-bytes.js';

/** The first byte, the length field, and the offset of the payload (RFC 6455, 5.2). */
function headOf(wire: Buffer): [first: number, length: number, payloadAt: number] {
  const [first = 0, short = 0] = wire;
  if (short < 126) return [first, short, 2];
  return short === 126 ? [first, wire.readUInt16BE(2), 4] : [first, Number(wire.readBigUInt64BE(2)), 10];
}

describe('a text frame', () => {
  it.each([
    [0, 2],
    [125, 2],
    [126, 4],
    [65_535, 4],
    [65_536, 10],
  ])('of %i bytes has its payload after a head of %i bytes', (length, head) => {
    const text = 'x'.repeat(length);
    const { wire, payloadAt } = frameText(text);
    expect(headOf(wire)).toEqual([0x81, length, head]);
    expect([payloadAt, wire.toString('utf8', head)]).toEqual([head, text]);
  });
});

describe('a compressed frame', () => {
  const inflated = (wire: Buffer): string => {
    const [, length, at] = headOf(wire);
    expect(wire.length).toBe(at + length);
    const flushed = Buffer.concat([wire.subarray(at), Buffer.from([0, 0, 0xff, 0xff])]);
    return inflateRawSync(flushed, { finishFlush: constants.Z_SYNC_FLUSH }).toString();
  };

  it('has RSV1, and no end of the flush', () => {
    const text = JSON.stringify(Array.from({ length: 1_000 }, (_, index) => index));
    const wire = frameDeflated(Buffer.from(text));
    expect(wire?.[0]).toBe(0xc1);
    expect(inflated(wire ?? Buffer.alloc(0))).toBe(text);
  });

  it('is made from 1 KB up to 1 MB', () => {
    expect([COMPRESS_FROM_BYTES, COMPRESS_UP_TO_BYTES]).toEqual([1_024, 1_048_576]);
    const isMade = (bytes: number): boolean => frameDeflated(Buffer.alloc(bytes, 'x')) !== null;
    expect([1_023, 1_024, 1_048_576, 1_048_577].map(isMade)).toEqual([false, true, true, false]);
  });

  it('is not made if it would not become smaller', () => {
    // Bytes of a generator: no run repeats.
    let state = 1;
    const noise = Buffer.from(Array.from({ length: 2_000 }, () => (state = (state * 48_271) % 2_147_483_647) & 0xff));
    expect(frameDeflated(noise)).toBeNull();
  });
});

describe('a block of a stream', () => {
  it('has the frame as one line of data', () => {
    expect(eventBlock(Buffer.from('{"type":"pong"}')).toString()).toBe('data: {"type":"pong"}\n\n');
  });

  it.each(['\n', '\r', '\r\n', '\n\n'])('has spaces in place of line breaks: %j', (lineBreak) => {
    const json = `{"a":${lineBreak}1,"b":"\\n\\r"}${lineBreak}`;
    const block = eventBlock(Buffer.from(json)).toString();
    expect(block).toMatch(/^data: [^\r\n]+\n\n$/);
    expect(block.length).toBe(`data: ${json}\n\n`.length);
    expect(JSON.parse(block.slice('data: '.length))).toEqual({ a: 1, b: '\n\r' });
  });

  it('does not change the bytes of the frame, which all receivers share', () => {
    const json = Buffer.from('{"a":\n1}');
    eventBlock(json);
    expect(json.toString()).toBe('{"a":\n1}');
  });

  it('keeps characters of several bytes', () => {
    expect(eventBlock(Buffer.from('{"a":"ਊ\u2028",\n"b":1}')).toString()).toBe('data: {"a":"ਊ\u2028", "b":1}\n\n');
  });

  it('names the position of a client without a message', () => {
    expect(idBlock('a=e-1,b=e-2').toString()).toBe('id: a=e-1,b=e-2\n\n');
  });
});
