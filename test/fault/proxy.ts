import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** What a proxy does with what comes in. */
export type ProxyMode =
  /** Hands everything on. */
  | 'pass'
  /** Ends each new connection at once; those that stand go on. */
  | 'refuse'
  /** Accepts, holds everything in both directions, and hands it on when the hole is over, as TCP does. */
  | 'blackHole'
  /** Hands on what the client says, and throws away what the server answers. */
  | 'dropReplies';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/** A line that can be cut: between an instance and Redis, a replica and its master, a client and an instance. */
export class TcpProxy {
  private mode: ProxyMode = 'pass';
  private readonly pairs = new Set<Pair>();
  /** The next bytes of the server are cut after a part of them, and the line with them. */
  private cutNext = false;

  private constructor(
    private readonly listener: Server,
    readonly port: number,
    private target: number,
    private readonly random: () => number,
  ) {
    listener.on('connection', (socket) => this.accept(socket));
  }

  /** @param target the port of 127.0.0.1 that it leads to */
  static async start(port: number, target: number, random: () => number): Promise<TcpProxy> {
    const listener = createServer({ allowHalfOpen: true });
    listener.listen(port, '127.0.0.1');
    await once(listener, 'listening');
    return new TcpProxy(listener, port, target, random);
  }

  /** Where new connections lead to; those that stand stay where they are. */
  retarget(port: number): void {
    this.target = port;
  }

  set(mode: ProxyMode): void {
    this.mode = mode;
    for (const { client, server } of this.pairs) {
      if (mode === 'blackHole') {
        client.pause();
        server.pause();
      } else {
        client.resume();
        server.resume();
      }
    }
  }

  /** Ends every connection at once, without a word. */
  cut(): void {
    for (const pair of this.pairs) this.end(pair);
  }

  /** Cuts each connection in the middle of the next thing that its server says. */
  cutInTheMiddle(): void {
    this.cutNext = true;
  }

  async stop(): Promise<void> {
    this.listener.close();
    this.cut();
    await once(this.listener, 'close');
  }

  private accept(client: Socket): void {
    client.on('error', () => undefined);
    if (this.mode === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: this.target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    client.setNoDelay(true);
    const pair: Pair = { client, server };
    this.pairs.add(pair);
    server.on('error', () => undefined);
    for (const socket of [client, server]) socket.once('close', () => this.end(pair));
    client.on('data', (chunk) => this.forward(chunk, client, server));
    client.once('end', () => server.end());
    server.on('data', (chunk) => this.answer(chunk, pair));
    server.once('end', () => client.end());
    if (this.mode === 'blackHole') {
      client.pause();
      server.pause();
    }
  }

  private answer(chunk: Buffer, pair: Pair): void {
    if (this.mode === 'dropReplies') return;
    if (this.cutNext && chunk.length > 1) {
      const part = 1 + Math.floor(this.random() * (chunk.length - 1));
      pair.client.write(chunk.subarray(0, part), () => this.end(pair));
      pair.server.pause();
      this.pairs.delete(pair);
      if (this.pairs.size === 0) this.cutNext = false;
      return;
    }
    this.forward(chunk, pair.server, pair.client);
  }

  private forward(chunk: Buffer, from: Socket, to: Socket): void {
    if (to.write(chunk)) return;
    from.pause();
    to.once('drain', () => {
      if (this.mode !== 'blackHole') from.resume();
    });
  }

  private end(pair: Pair): void {
    this.pairs.delete(pair);
    if (!pair.client.destroyed) pair.client.resetAndDestroy();
    if (!pair.server.destroyed) pair.server.resetAndDestroy();
  }
}
