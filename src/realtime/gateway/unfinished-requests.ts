import type { IncomingMessage, Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { safely } from '../observability/run-safely.js';
import { onRequestHead } from './request-heads.js';

/** How often the deadlines are checked, in milliseconds, at most. */
const CHECK_MS = 250;

/**
 * Destroys connections to HTTP servers whose first request has no complete head in time: idle ones, half a request line,
 * headers without an end, a TLS handshake that is never finished. No limit of connections counts these, and Node leaves
 * them open for a minute or more. What comes after the first head, such as a slow body, is not its business.
 */
export class UnfinishedRequests {
  /** connection → its deadline (`performance.now()`) */
  private readonly deadlines = new Map<Duplex, number>();
  private readonly checkMs: number;
  private checkedAt = 0;
  private timer: NodeJS.Timeout | null = null;
  private watching = 0;

  /** @param maxUnfinished if more are open, the oldest is destroyed before its deadline */
  constructor(
    private readonly timeoutMs: number,
    private readonly maxUnfinished: number,
  ) {
    this.checkMs = Math.min(CHECK_MS, Math.ceil(timeoutMs / 4));
  }

  /** @returns ends it */
  watch(server: Server | HttpsServer): () => void {
    const forgetHeads = onRequestHead(server, ({ socket }: IncomingMessage) => this.deadlines.delete(socket));
    if (forgetHeads === null) return () => undefined; // the end of a head cannot be observed
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

  /** The TCP connection of this socket finished its TLS handshake: the same deadline goes for the head of the request. */
  private encrypted(socket: TLSSocket): void {
    const { _parent: raw } = socket as unknown as { _parent?: Duplex | null };
    if (raw === undefined || raw === null) {
      this.deadlines.clear(); // it is unknown which socket finished, and a wrong one must not be closed
      return;
    }
    const deadline = this.deadlines.get(raw);
    this.deadlines.delete(raw);
    // Requests over HTTP/2 are not seen here.
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
      // The event loop was blocked: what clients sent meanwhile is not read yet, and that is not their fault.
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
