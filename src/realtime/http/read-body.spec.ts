import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { readJsonBody } from './read-body.js';

const limited = (bytes: number) => ({ bytes, of: 'events', option: 'maxEventBytes' });
const JSON_HEADERS = { 'content-type': 'application/json' };

describe('readJsonBody', () => {
  const open = () => new PassThrough() as PassThrough & IncomingMessage;

  it('rejects a request that ends before its body, also if it ended before the read', async () => {
    const request = open();
    const reading = readJsonBody(request, JSON_HEADERS, limited(100));
    request.write('{');
    request.destroy();
    await expect(reading).rejects.toThrow('The request ended before its body was complete');
    await expect(readJsonBody(request, JSON_HEADERS, limited(100))).rejects.toThrow(
      'The request ended before its body was complete',
    );
  });

  it('rejects a body as soon as it is too large, and discards the rest', async () => {
    const request = open();
    const reading = readJsonBody(request, JSON_HEADERS, limited(4));
    request.write('12345');
    await expect(reading).rejects.toMatchObject({ status: 413 });
    for (let count = 0; count < 100; count += 1) request.write('x'.repeat(10_000));
    request.end();
    await new Promise((resolve) => request.once('end', resolve));
    expect(request.readableLength).toBe(0);
  });

  it('accepts a byte order mark before the JSON', async () => {
    const request = open();
    const reading = readJsonBody(request, JSON_HEADERS, limited(100));
    request.end('\uFEFF{"a":"ü"}');
    await expect(reading).resolves.toEqual({ a: 'ü' });
  });

  it('counts decompressed bytes, and stops at the limit', async () => {
    const request = open();
    const reading = readJsonBody(request, { ...JSON_HEADERS, 'content-encoding': 'gzip' }, limited(1_000));
    request.end(gzipSync(Buffer.alloc(10_000_000)));
    await expect(reading).rejects.toMatchObject({ status: 413 });
  });

  it.each([[0xe9], [0xff, 0xfe], [0xc0, 0xaf], [0xed, 0xa0, 0x80]])(
    'rejects bytes that are not UTF-8: %#',
    async (...bytes) => {
      const request = open();
      const reading = readJsonBody(request, JSON_HEADERS, limited(100));
      request.end(Buffer.from(['"'.charCodeAt(0), ...bytes, '"'.charCodeAt(0)]));
      await expect(reading).rejects.toMatchObject({ status: 400, message: 'The body is not UTF-8' });
    },
  );

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;charset="UTF-8"',
    'application/cloudevents+json',
  ])('reads %s', async (type) => {
    const request = open();
    request.end('{"name":"Zoë"}');
    expect(await readJsonBody(request, { 'content-type': type }, limited(100))).toEqual({ name: 'Zoë' });
  });
});
