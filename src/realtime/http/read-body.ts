import {
  BadRequestException,
  HttpException,
  PayloadTooLargeException,
  UnsupportedMediaTypeException,
} from '@nestjs/common';
import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { safely } from '../observability/run-safely.js';

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

const BYTE_ORDER_MARK = '\uFEFF';

const ENDED_EARLY = 'The request ended before its body was complete';

/** Maximum size of a body. */
export interface BodyLimit {
  /** In bytes, after decompression. */
  readonly bytes: number;
  /** Name of its content in plural, such as `events`. */
  readonly of: string;
  /** The option from which it follows. */
  readonly option: string;
}

/**
 * Reads a JSON body.
 * @throws UnsupportedMediaTypeException (415), PayloadTooLargeException (413) or BadRequestException (400) with a
 *   sentence that says what to send instead
 */
export async function readJsonBody(
  request: IncomingMessage,
  headers: IncomingHttpHeaders,
  limit: BodyLimit,
): Promise<unknown> {
  checkType(headers['content-type'], limit.of);
  const encoding = headers['content-encoding']?.toLowerCase() ?? 'identity';
  const decoder = DECODERS[encoding];
  if (encoding !== 'identity' && decoder === undefined) {
    throw new UnsupportedMediaTypeException(
      `Content-Encoding: ${encoding} is not supported: send gzip, deflate, br or no encoding`,
    );
  }
  if (encoding === 'identity' && Number(headers['content-length']) > limit.bytes) throw tooLarge(limit);
  const bytes = await readBytes(request, decoder?.() ?? null, limit);
  try {
    return JSON.parse(decodeText(bytes)) as unknown;
  } catch (error) {
    if (error instanceof HttpException) throw error;
    throw new BadRequestException(`The body is not JSON: ${(error as Error).message}`);
  }
}

/** Rejects other encodings, which would end up in events as replacement characters. */
function decodeText(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new BadRequestException('The body is not UTF-8');
  const text = bytes.toString();
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
}

function checkType(type = '', content: string): void {
  const [mime = '', ...parameters] = type.toLowerCase().split(';');
  const charset = parameters.map((one) => /^\s*charset\s*=\s*"?([\w-]+)"?\s*$/.exec(one)?.[1]).find(Boolean) ?? 'utf-8';
  const isJson = /^application\/(?:[\w.+-]+\+)?json$/.test(mime.trim());
  if (isJson && ['utf-8', 'utf8', 'us-ascii'].includes(charset)) return;
  throw new UnsupportedMediaTypeException(`Send the ${content} as JSON in UTF-8, with Content-Type: application/json`);
}

function tooLarge({ bytes, of, option }: BodyLimit): PayloadTooLargeException {
  return new PayloadTooLargeException(
    `The body is larger than ${bytes} bytes: send fewer ${of} in one call (the limit follows from ${option})`,
  );
}

/** Reads a body up to its limit. Node discards the rest of a rejected body, so that the client can read the answer. */
function readBytes(request: Readable, decoder: Transform | null, limit: BodyLimit): Promise<Buffer> {
  const source = decoder === null ? request : request.pipe(decoder);
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise<Buffer>((resolve, reject) => {
    if (request.destroyed) return reject(new BadRequestException(ENDED_EARLY));
    const fail = (error: Error): void => {
      source.off('data', take);
      if (decoder !== null) request.unpipe(decoder);
      decoder?.destroy();
      request.resume();
      reject(error);
    };
    const take = safely('A body', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > limit.bytes) fail(tooLarge(limit));
      else chunks.push(chunk);
    });
    const abort = safely('A body', () => fail(new BadRequestException(ENDED_EARLY)));
    source.on('data', take);
    source.once(
      'end',
      safely('A body', () => resolve(Buffer.concat(chunks)), abort),
    );
    decoder?.once(
      'error',
      safely('A body', ({ message }: Error) =>
        fail(new BadRequestException(`The body cannot be decompressed: ${message}`)),
      ),
    );
    request.once('error', abort);
    request.once(
      'close',
      safely('A body', () => {
        if (!request.readableEnded) abort();
      }),
    );
  });
}
