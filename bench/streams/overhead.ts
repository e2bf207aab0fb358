import { Worker } from '../worker.js';
import type { StreamHandlers } from './serve.js';
import { StreamTap } from './stream-tap.js';

const TOKEN = 'tok ';
const MEBIBYTE = 1_048_576;

/** Bytes on the wire beside the text, for a token of 4 bytes. */
export interface Overhead {
  readonly what: string;
  readonly bytesPerToken: number;
  readonly tokensPerFrame: number;
}

/** Reads streams of one instance whose tokens come at several intervals, with the default options. */
export function overheads(intervalsMs: readonly number[], seconds: number): Promise<Overhead[]> {
  return withInstance(async (server, port) => {
    const rows: Overhead[] = [];
    for (const everyMs of [...intervalsMs, null]) {
      const channel = `chats:${rows.length}:answer`;
      await server.call('open', { channels: [channel] });
      const tap = await StreamTap.open(port);
      await tap.read([channel]);
      const count = everyMs === null ? 500_000 : Math.round((seconds * 1_000) / everyMs);
      await server.call('write', { channel, token: TOKEN, count, everyMs });
      await tap.until(() => tap.textBytes === count * TOKEN.length);
      const what = everyMs === null ? 'as fast as they are accepted' : `every ${everyMs} ms`;
      const { frames, wireBytes, textBytes } = tap;
      rows.push({ what, bytesPerToken: (wireBytes - textBytes) / count, tokensPerFrame: count / frames });
      tap.close();
    }
    return rows;
  });
}

/** Number of frames in which a new client receives a mebibyte. */
export function framesOfMebibyte(): Promise<number> {
  return withInstance(async (server, port) => {
    const channel = 'chats:7:answer';
    await server.call('open', { channels: [channel] });
    await server.call('write', { channel, token: TOKEN.repeat(256), count: MEBIBYTE / 1_024, everyMs: null });
    const tap = await StreamTap.open(port);
    await tap.read([channel]);
    await tap.until(() => tap.textBytes === MEBIBYTE);
    tap.close();
    return tap.frames;
  });
}

async function withInstance<T>(use: (server: Worker<StreamHandlers>, port: number) => Promise<T>): Promise<T> {
  const server = new Worker<StreamHandlers>('./streams/serve.ts');
  try {
    const { port } = await server.call('start', {});
    return await use(server, port);
  } finally {
    await server.stop();
  }
}
