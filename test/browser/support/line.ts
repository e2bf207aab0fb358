import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A TCP proxy that can be cut, which breaks all its connections, or go dead. Until it is repaired it accepts none. */
export class Line {
  private readonly sockets = new Set<Socket>();
  private isCut = false;
  private isDead = false;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  /** @param to target port on this machine */
  static async open(to: number): Promise<Line> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const line = new Line(server, (server.address() as AddressInfo).port);
    server.on('connection', (near) => line.join(near, to));
    return line;
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  /** Drops all data, without closing the connections. */
  die(): void {
    this.isDead = true;
    for (const socket of this.sockets) socket.unpipe().pause();
  }

  /** Repairs the line. The connections of a dead line are lost. */
  restore(): void {
    this.isCut = false;
    if (!this.isDead) return;
    this.isDead = false;
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(near: Socket, to: number): void {
    if (this.isCut) {
      near.destroy();
      return;
    }
    const far = connect({ port: to, host: 'localhost' });
    for (const [socket, other] of [[near, far] as const, [far, near] as const]) {
      this.sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
      if (!this.isDead) socket.pipe(other);
    }
  }
}
