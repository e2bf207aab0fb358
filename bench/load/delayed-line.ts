import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { answerCalls } from '../worker.js';

interface Piece {
  readonly dueAt: number;
  readonly chunk: Buffer;
}

/** Hands on what it gets after a time, in order. A timer is late by up to a millisecond, so the last part of it is waited for turn by turn. */
class Delayed {
  private readonly pieces: Piece[] = [];
  private running = false;

  constructor(
    private readonly to: Socket,
    private readonly milliseconds: number,
  ) {}

  take(chunk: Buffer): void {
    if (this.milliseconds === 0) {
      this.to.write(chunk);
      return;
    }
    this.pieces.push({ dueAt: performance.now() + this.milliseconds, chunk });
    if (!this.running) this.next();
  }

  private readonly next = (): void => {
    const now = performance.now();
    while (this.pieces[0] !== undefined && this.pieces[0].dueAt <= now) this.to.write(this.pieces.shift()!.chunk);
    const [first] = this.pieces;
    this.running = first !== undefined;
    if (first === undefined) return;
    const left = first.dueAt - now;
    if (left > 2) setTimeout(this.next, left - 2);
    else setImmediate(this.next);
  };
}

const handlers = {
  /** Listens in front of a port, and delays each direction by half a round trip. @returns its port */
  async open({ to, roundTripMs }: { to: number; roundTripMs: number }): Promise<number> {
    const server = createServer((client) => {
      const upstream = connect({ port: to, host: '127.0.0.1', noDelay: true });
      client.setNoDelay(true);
      const [requests, answers] = [new Delayed(upstream, roundTripMs / 2), new Delayed(client, roundTripMs / 2)];
      client.on('data', (chunk) => requests.take(chunk));
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
