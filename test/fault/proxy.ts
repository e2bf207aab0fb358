import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { roleOf, type RedisRole } from './redis-role.js';

/** Behavior of a proxy. */
export type ProxyMode =
  /** Forwards everything. */
  | 'pass'
  /** Closes each new connection at once; open ones continue. */
  | 'refuse'
  /** Accepts connections and holds data in both directions. Forwards it afterwards, as TCP does. */
  | 'blackHole'
  /** Holds only data from the client. */
  | 'holdRequests'
  /** Holds only data from the server. */
  | 'holdReplies'
  /** Forwards data from the client, and discards data from the server. */
  | 'dropReplies';

/** Direction in which a connection loses all data. */
export type Direction = 'requests' | 'replies';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** `null` while unknown. */
  role: RedisRole | null;
  /** Directions whose data it discards until it closes. */
  readonly lost: Set<Direction>;
}

/**
 * A network line that can be cut: between an instance and Redis, a replica and its master, or a client and an instance.
 */
export class TcpProxy {
  private mode: ProxyMode = 'pass';
  /** Role of the connections that the mode applies to; `null` for all. */
  private only: RedisRole | null = null;
  private readonly pairs = new Set<Pair>();
  /** Cuts the connection after a part of the server's next bytes. */
  private cutNext = false;

  private constructor(
    private readonly listener: Server,
    readonly port: number,
    private target: number,
    private readonly random: () => number,
  ) {
    listener.on('connection', (socket) => this.accept(socket));
  }

  /** @param target port of 127.0.0.1 to forward to */
  static async start(port: number, target: number, random: () => number): Promise<TcpProxy> {
    const listener = createServer({ allowHalfOpen: true });
    listener.listen(port, '127.0.0.1');
    await once(listener, 'listening');
    return new TcpProxy(listener, port, target, random);
  }

  /** Redirects new connections; open ones stay. */
  retarget(port: number): void {
    this.target = port;
  }

  /** @param only limits the mode to connections of this role, also future ones */
  set(mode: ProxyMode, only: RedisRole | null = null): void {
    this.mode = mode;
    this.only = only;
    for (const pair of this.pairs) this.holdOrGoOn(pair);
  }

  /** Drops every connection at once. @param only those of this role */
  cut(only: RedisRole | null = null): void {
    for (const pair of this.pairs) if (only === null || pair.role === only) this.end(pair);
  }

  /** Discards all data of the open connections in this direction until they close. New connections are not affected. */
  lose(direction: Direction, only: RedisRole | null = null): void {
    for (const { role, lost } of this.pairs) if (only === null || role === only) lost.add(direction);
  }

  /** Cuts each connection within the next data from its server. */
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
    if (this.mode === 'refuse' && this.only === null) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: this.target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    client.setNoDelay(true);
    const pair: Pair = { client, server, role: null, lost: new Set() };
    this.pairs.add(pair);
    server.on('error', () => undefined);
    for (const socket of [client, server]) socket.once('close', () => this.end(pair));
    client.on('data', (chunk) => this.request(chunk, pair));
    client.once('end', () => server.end());
    server.on('data', (chunk) => this.answer(chunk, pair));
    server.once('end', () => client.end());
    this.holdOrGoOn(pair);
  }

  private modeOf({ role }: Pair): ProxyMode {
    return this.only === null || this.only === role ? this.mode : 'pass';
  }

  private holds(pair: Pair, direction: Direction): boolean {
    const mode = this.modeOf(pair);
    return mode === 'blackHole' || mode === (direction === 'requests' ? 'holdRequests' : 'holdReplies');
  }

  private holdOrGoOn(pair: Pair): void {
    for (const direction of ['requests', 'replies'] as const) {
      const from = direction === 'requests' ? pair.client : pair.server;
      if (this.holds(pair, direction)) from.pause();
      else from.resume();
    }
  }

  private request(chunk: Buffer, pair: Pair): void {
    if (pair.role === null) {
      pair.role = roleOf(chunk);
      if (pair.role !== null && this.only === pair.role) {
        if (this.mode === 'refuse') return this.end(pair);
        this.holdOrGoOn(pair);
      }
    }
    if (!pair.lost.has('requests')) this.forward(chunk, pair, 'requests');
  }

  private answer(chunk: Buffer, pair: Pair): void {
    if (this.modeOf(pair) === 'dropReplies' || pair.lost.has('replies')) return;
    if (this.cutNext && chunk.length > 1) {
      const part = 1 + Math.floor(this.random() * (chunk.length - 1));
      pair.client.write(chunk.subarray(0, part), () => this.end(pair));
      pair.server.pause();
      this.pairs.delete(pair);
      if (this.pairs.size === 0) this.cutNext = false;
      return;
    }
    this.forward(chunk, pair, 'replies');
  }

  private forward(chunk: Buffer, pair: Pair, direction: Direction): void {
    const [from, to] = direction === 'requests' ? [pair.client, pair.server] : [pair.server, pair.client];
    if (to.write(chunk)) return;
    from.pause();
    to.once('drain', () => {
      if (!this.holds(pair, direction)) from.resume();
    });
  }

  private end(pair: Pair): void {
    this.pairs.delete(pair);
    for (const socket of [pair.client, pair.server]) {
      if (socket.destroyed) continue;
      // On exit, Node 20 waits forever for a shutdown that a reset prevented.
      if (socket.writableEnded) socket.destroy();
      else socket.resetAndDestroy();
    }
  }
}
