import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { answerCalls } from '../worker.js';

/** Time by which a timer is set too early, in milliseconds. */
const EARLY_MS = 2.5;

interface Piece {
  readonly dueAt: number;
  readonly chunk: Buffer;
}

/**
 * Forwards each chunk at its due time, in order. A timer fires up to a millisecond late, and later on a busy machine, so it
 * is set too early, and the event loop turns until the chunk is due.
 */
class Delayed {
  private readonly pieces: Piece[] = [];
  private running = false;

  constructor(
    private readonly to: Socket,
    private readonly milliseconds: number,
  ) {}

  take(chunk: Buffer): void {
    this.pieces.push({ dueAt: performance.now() + this.milliseconds, chunk });
    if (!this.running) this.next();
  }

  private readonly next = (): void => {
    const now = performance.now();
    while (this.pieces[0] !== undefined && this.pieces[0].dueAt <= now) this.to.write(this.pieces.shift()!.chunk);
    const [first] = this.pieces;
    this.running = first !== undefined;
    if (first === undefined) return;
    const left = first.dueAt - performance.now();
    if (left > EARLY_MS) setTimeout(this.next, left - EARLY_MS);
    else setImmediate(this.next);
  };
}

const handlers = {
  /**
   * Listens in front of a port, and delays the replies by the whole round trip. Each delay is slightly late, so there is
   * one instead of two.
   * @returns its port
   */
  async open({ to, roundTripMs }: { to: number; roundTripMs: number }): Promise<number> {
    const server = createServer((client) => {
      const upstream = connect({ port: to, host: '127.0.0.1', noDelay: true });
      client.setNoDelay(true);
      const answers = new Delayed(client, roundTripMs);
      client.on('data', (chunk) => upstream.write(chunk));
      upstream.on('data', (chunk) => answers.take(chunk));
      for (const socket of [client, upstream]) {
        socket.on('error', () => undefined); // `close` follows
        socket.once('close', () => [client, upstream].map((one) => one.destroy()));
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  },
};

export type DelayedLineHandlers = typeof handlers;

answerCalls(handlers);
