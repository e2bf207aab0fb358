import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Treatment of the WebSockets or of the streams that pass a proxy. */
export type Treatment =
  | 'pass'
  /** Answers with 403, as a proxy that does not know the request. */
  | 'refuse'
  /** Accepts, and passes on no byte afterwards. */
  | 'swallow';

type Kind = 'webSocket' | 'stream';

/** A proxy that treats WebSockets and streams differently, and passes on all other requests. It reads HTTP/1.1. */
export class BlockingProxy {
  private readonly treatments: Record<Kind, Treatment> = { webSocket: 'pass', stream: 'pass' };
  private readonly open: Record<Kind, Set<Socket>> = { webSocket: new Set(), stream: new Set() };
  private readonly all = new Set<Socket>();
  /** Number of requests of each kind. */
  readonly requests: Record<Kind, number> = { webSocket: 0, stream: 0 };

  private constructor(
    private readonly server: Server,
    private target: number,
  ) {
    server.on('connection', (near) => this.accept(near));
  }

  /** @param target port of this machine */
  static async start(target: number): Promise<BlockingProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new BlockingProxy(server, target);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Changes the treatment of new connections, and resets those that exist unless they pass. */
  set(kind: Kind, treatment: Treatment): void {
    this.treatments[kind] = treatment;
    if (treatment !== 'pass') this.cut(kind);
  }

  /** Resets the connections of one kind. */
  cut(kind: Kind): void {
    for (const socket of this.open[kind]) socket.resetAndDestroy();
  }

  /** Sends new connections to another port, and resets those that exist. */
  retarget(port: number): void {
    this.target = port;
    for (const socket of this.all) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    for (const socket of this.all) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(near: Socket): void {
    this.track(this.all, near);
    let head = '';
    const read = (chunk: Buffer): void => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      near.off('data', read).pause();
      this.forward(near, head);
    };
    near.on('data', read);
  }

  private forward(near: Socket, head: string): void {
    const kind = /^upgrade: *websocket\r$/im.test(head)
      ? 'webSocket'
      : /^GET [^ ]*\/stream[? ]/.test(head)
        ? 'stream'
        : null;
    const treatment = kind === null ? 'pass' : this.treatments[kind];
    if (kind !== null) {
      this.requests[kind] += 1;
      this.track(this.open[kind], near);
    }
    if (treatment === 'refuse')
      return void near.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    const far = connect({ port: this.target, host: '127.0.0.1' });
    this.track(this.all, far);
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
    // A request for a stream is not answered at all; a WebSocket is opened first.
    if (treatment === 'swallow' && kind === 'stream') return;
    far.write(Buffer.from(head, 'latin1'));
    if (treatment === 'swallow') return void far.once('data', (chunk: Buffer) => near.write(headOf(chunk)));
    near.pipe(far);
    far.pipe(near);
  }

  private track(sockets: Set<Socket>, socket: Socket): void {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  }
}

/** Returns the head of a response, without the bytes that follow. */
function headOf(chunk: Buffer): Buffer {
  const end = chunk.indexOf('\r\n\r\n');
  return end < 0 ? chunk : chunk.subarray(0, end + 4);
}
