import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { acceptWaiting } from './accept-waiting.js';
import { runSafely, safely } from '../observability/run-safely.js';
import { raiseBacklog } from './raise-backlog.js';
import { UnfinishedRequests } from './unfinished-requests.js';
import { routeUpgrades } from './upgrade-router.js';

/** Interval in which a closing server closes idle connections, in milliseconds. */
const IDLE_CHECK_MS = 250;

/** @param isUnixSocket true if the server listens on a Unix socket */
type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer, isUnixSocket: () => boolean) => Promise<void>;

/** The options that this class uses. */
interface AttachOptions {
  readonly path: string;
  readonly handshakeTimeoutMs: number;
  readonly maxConnections: number;
  readonly closeUnfinishedRequests: boolean;
}

/** HTTP servers on which the module handles upgrades of one path and closes unfinished requests. */
export class AttachedServers {
  private readonly detachers = new Map<Server | HttpsServer, () => void>();
  private readonly unfinished: UnfinishedRequests;
  private endsKeepAlive = false;

  /** @param upgrade handles an upgrade; if it fails, only the socket of this upgrade is destroyed */
  constructor(
    private readonly options: AttachOptions,
    private readonly upgrade: Upgrade,
  ) {
    this.unfinished = new UnfinishedRequests(options.handshakeTimeoutMs, options.maxConnections);
  }

  get size(): number {
    return this.detachers.size;
  }

  /** Attaches a server. Attaching it twice has no effect. */
  attach(server: Server | HttpsServer): void {
    if (this.detachers.has(server)) return;
    const unwatch = this.options.closeUnfinishedRequests ? this.unfinished.watch(server) : null;
    const leaveBacklog = raiseBacklog(server);
    const isUnixSocket = (): boolean => typeof server.address() === 'string';
    const detach = routeUpgrades(server, this.options.path, (request, socket, head) => {
      runSafely(
        'An upgrade',
        () => this.upgrade(request, socket, head, isUnixSocket),
        () => socket.destroy(),
      );
    });
    if (this.endsKeepAlive) server.prependListener('request', closeAfterwards);
    const release = (): void => {
      detach();
      unwatch?.();
      leaveBacklog();
      server.off('request', closeAfterwards);
    };
    this.detachers.set(server, () => {
      // A closing server waits for its connections. Each of them can still request an upgrade, or send half a request.
      if (server.listening) onceClosed(server, release);
      else release();
    });
  }

  /**
   * Closes each HTTP connection with its next answer, also with answers of the application's routes. A closing server
   * waits for its connections, so a client that keeps sending requests on one would keep the process alive.
   */
  endKeepAlive(): void {
    if (this.endsKeepAlive) return;
    this.endsKeepAlive = true;
    for (const server of this.detachers.keys()) server.prependListener('request', closeAfterwards);
  }

  /**
   * Releases all servers. A listening server is released after it has closed. Resolves once that can happen without a
   * reset of connections that wait to be accepted.
   */
  async detachAll(): Promise<void> {
    const listening = [...this.detachers.keys()].filter((server) => server.listening);
    for (const detach of this.detachers.values()) detach();
    this.detachers.clear();
    if (listening.length > 0) await acceptWaiting(listening);
  }
}

/**
 * Calls back when a server has closed. Until then it closes connections that become idle after the server stopped
 * listening. Node leaves them open until their keep-alive timeout, which is 72 s in Fastify.
 */
function onceClosed(server: Server | HttpsServer, callback: () => void): void {
  const closeIdle = safely('The idle connections of a server', () => {
    if (!server.listening) server.closeIdleConnections();
  });
  const timer = setInterval(closeIdle, IDLE_CHECK_MS).unref();
  const closed = (): void => {
    clearInterval(timer);
    callback();
  };
  server.once('close', safely('The end of a server', closed));
}

/** Closes an HTTP/1 connection with its answer. HTTP/2 does not allow the header `Connection`. */
const closeAfterwards = safely('The end of a connection', (request: IncomingMessage, response: ServerResponse) => {
  if (request.httpVersionMajor === 1) response.setHeader('Connection', 'close');
});
