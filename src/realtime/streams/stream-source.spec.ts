import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { piecesOf, type StreamSource } from './stream-source.js';

describe('a source of a stream', () => {
  let controller: AbortController;
  beforeEach(() => {
    controller = new AbortController();
  });

  const pieces = async (source: StreamSource, isRaw = false): Promise<unknown[]> => {
    const read: unknown[] = [];
    for await (const piece of piecesOf(source, isRaw, controller.signal)) read.push(piece);
    return read;
  };
  const text = async (source: StreamSource): Promise<string> => (await pieces(source)).join('');

  it('is a string, a list, a generator, or a stream of Node or the web', async () => {
    async function* generated(): AsyncGenerator<string> {
      yield 'a';
      await turn();
      yield 'b';
    }
    expect(await pieces('ab')).toEqual(['ab']);
    expect(await pieces(['a', 'b'])).toEqual(['a', 'b']);
    expect(await pieces(generated())).toEqual(['a', 'b']);
    expect(await text(Readable.from([Buffer.from('a'), Buffer.from('b')]))).toBe('ab');
    expect(await text(Readable.toWeb(Readable.from(['a', 'b'])) as AsyncIterable<unknown>)).toBe('ab');
  });

  it('is decoded across its pieces, and an incomplete character at its end is replaced', async () => {
    const bytes = Buffer.from('é😀');
    expect(await text([...bytes].map((byte) => Uint8Array.of(byte)))).toBe('é😀');
    expect(await text([bytes.subarray(0, 5)])).toBe('é\ufffd');
    expect(await pieces([bytes.subarray(0, 2)])).toEqual(['é']);
  });

  it('is passed on as it is if its values are items', async () => {
    const bytes = Uint8Array.of(0xc3);
    expect(await pieces([1, null, bytes], true)).toEqual([1, null, bytes]);
  });

  it('is read only as fast as its pieces are taken', async () => {
    let read = 0;
    const source = new Readable({
      objectMode: true,
      highWaterMark: 1,
      read() {
        read += 1;
        this.push(read > 100 ? null : 'x');
      },
    });
    let taken = 0;
    for await (const piece of piecesOf(source, false, controller.signal)) {
      taken += (piece as string).length;
      await turn();
      expect(read - taken).toBeLessThan(4);
    }
    expect(taken).toBe(100);
  });

  it('passes its error on', async () => {
    const broken = new Readable({ read: () => undefined });
    broken.push('half');
    const read: unknown[] = [];
    const reading = (async () => {
      for await (const piece of piecesOf(broken, false, controller.signal)) {
        read.push(String(piece));
        broken.destroy(new Error('cut'));
      }
    })();
    await expect(reading).rejects.toThrow('cut');
    expect(read).toEqual(['half']);
    async function* generated(): AsyncGenerator<string> {
      yield 'a';
      await turn();
      throw new Error('no model');
    }
    await expect(pieces(generated())).rejects.toThrow('no model');
  });

  it('is closed when it is aborted, also while it waits: a stream of Node is destroyed', async () => {
    const waiting = new Readable({ read: () => undefined });
    const read = pieces(waiting);
    await turn();
    controller.abort();
    expect(await read).toEqual([]);
    await turn();
    expect(waiting.destroyed).toBe(true);
  });

  it('is closed when it is aborted while it waits: a web stream is cancelled', async () => {
    let isCancelled = false;
    const read = pieces(new ReadableStream({ cancel: () => void (isCancelled = true) }) as AsyncIterable<unknown>);
    await turn();
    controller.abort();
    expect([await read, isCancelled]).toEqual([[], true]);
  });

  it('is closed when it is aborted: a generator is returned, and its next piece is not read', async () => {
    let isClosed = false;
    let yielded = 0;
    async function* generated(): AsyncGenerator<string> {
      try {
        for (;;) {
          yielded += 1;
          yield 'x';
        }
      } finally {
        isClosed = true;
      }
    }
    for await (const _ of piecesOf(generated(), false, controller.signal)) controller.abort();
    await turn();
    expect([isClosed, yielded]).toEqual([true, 1]);
  });

  it('is not read if it was aborted before', async () => {
    controller.abort();
    let isRead = false;
    const source = {
      [Symbol.iterator]: () => ({ next: () => ((isRead = true), { done: true as const, value: undefined }) }),
    };
    expect([await pieces(source), isRead]).toEqual([[], false]);
    expect(await pieces([Uint8Array.of(0xc3)])).toEqual([]);
  });

  it('is closed once, if it is left early, and not if it ended', async () => {
    let closed = 0;
    const source = (count: number): Iterable<string> => ({
      [Symbol.iterator]: () => ({
        next: () => ((count -= 1) < 0 ? { done: true, value: undefined } : { done: false, value: 'x' }),
        return: () => ((closed += 1), { done: true, value: undefined }),
      }),
    });
    expect(await text(source(2))).toBe('xx');
    expect(closed).toBe(0);
    for await (const _ of piecesOf(source(2), false, controller.signal)) break;
    expect(closed).toBe(1);
  });

  it('does not end the process if it fails after it was aborted, or while it closes', async () => {
    let fail = (_error: Error): void => undefined;
    const source: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise((_, reject) => (fail = reject)),
        return: () => Promise.reject(new Error('not closed')),
      }),
    };
    const read = pieces(source);
    await turn();
    controller.abort();
    expect(await read).toEqual([]);
    fail(new Error('late'));
    await turn();
  });

  it('leaves no listener at the signal', async () => {
    const { signal } = controller;
    let listeners = 0;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = ((...given: Parameters<typeof add>) => ((listeners += 1), add(...given))) as typeof add;
    signal.removeEventListener = ((...given: Parameters<typeof remove>) => (
      (listeners -= 1),
      remove(...given)
    )) as typeof remove;
    await pieces('x');
    expect(listeners).toBe(0);
  });
});
