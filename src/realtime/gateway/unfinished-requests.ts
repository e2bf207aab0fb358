import type { IncomingMessage, Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { safely } from '../observability/run-safely.js';
import { onRequestHead } from './request-heads.js';

/** Maximum interval between two checks of the deadlines, in milliseconds. */
const CHECK_MS = 250;

/**
 * Destroys HTTP connections whose first request head is not complete in time: idle connections, half a request line,
 * headers without an end, and unfinished TLS handshakes. No connection limit counts these, and Node leaves them open for
 * a minute or more. What follows the first head, such as a slow body, is not limited here.
 */
export class UnfinishedRequests {
  /** Deadlines of connections (`performance.now()`). */
  private readonly deadlines = new Map<Duplex, number>();
  private readonly checkMs: number;
  private checkedAt = 0;
  private timer: NodeJS.Timeout | null = null;
  private watching = 0;

  /** @param maxUnfinished if more are open, the oldest one is destroyed before its deadline */
  constructor(
    private readonly timeoutMs: number,
    private readonly maxUnfinished: number,
  ) {
    this.checkMs = Math.min(CHECK_MS, Math.ceil(timeoutMs / 4));
  }

  /** Watches the connections of a server. @returns a function that ends the watch */
  watch(server: Server | HttpsServer): () => void {
    const forgetHeads = onRequestHead(server, ({ socket }: IncomingMessage) => this.deadlines.delete(socket));
    if (forgetHeads === null) return () => undefined; // complete heads cannot be detected
    const opened = safely('A new TCP connection', (socket: Duplex) => {
      this.deadlines.set(socket, performance.now() + this.timeoutMs);
      if (this.deadlines.size > this.maxUnfinished) this.dropOldest();
    });
    const encrypted = safely('A new TLS connection', (socket: TLSSocket) => this.encrypted(socket));
    server.on('connection', opened);
    server.on('secureConnection', encrypted);
    this.begin();
    return () => {
      forgetHeads();
      server.off('connection', opened);
      server.off('secureConnection', encrypted);
      this.end();
    };
  }

  /** Moves the deadline from the TCP socket to its TLS socket after the TLS handshake. */
  private encrypted(socket: TLSSocket): void {
    const { _parent: raw } = socket as unknown as { _parent?: Duplex | null };
    if (raw === undefined || raw === null) {
      this.deadlines.clear(); // the TCP socket is unknown: clear all, so that no other socket is destroyed
      return;
    }
    const deadline = this.deadlines.get(raw);
    this.deadlines.delete(raw);
    // HTTP/2 requests cannot be detected, so they have no deadline.
    if (deadline !== undefined && socket.alpnProtocol !== 'h2') this.deadlines.set(socket, deadline);
  }

  private begin(): void {
    this.watching += 1;
    if (this.timer !== null) return;
    this.checkedAt = performance.now();
    this.timer = setInterval(
      safely('The check of unfinished requests', () => this.check(performance.now())),
      this.checkMs,
    ).unref();
  }

  private end(): void {
    this.watching -= 1;
    if (this.watching > 0 || this.timer === null) return;
    clearInterval(this.timer);
    this.timer = null;
    this.deadlines.clear();
  }

  private dropOldest(): void {
    const [oldest] = this.deadlines.keys();
    this.deadlines.delete(oldest!);
    oldest!.destroy();
  }

  private check(now: number): void {
    const blockedMs = now - this.checkedAt - this.checkMs;
    this.checkedAt = now;
    if (blockedMs > this.checkMs) {
      // The event loop was blocked, so data that clients sent in time is not read yet. Extend their deadlines.
      for (const [socket, deadline] of this.deadlines) this.deadlines.set(socket, deadline + blockedMs);
      return;
    }
    for (const [socket, deadline] of this.deadlines) {
      if (!socket.destroyed && now < deadline) continue;
      this.deadlines.delete(socket);
      socket.destroy();
    }
  }
}
