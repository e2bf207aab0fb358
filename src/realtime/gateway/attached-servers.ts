import type { IncomingMessage, Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { runSafely, safely } from '../observability/run-safely.js';
import { UnfinishedRequests } from './unfinished-requests.js';
import { routeUpgrades } from './upgrade-router.js';

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
    const isUnixSocket = (): boolean => typeof server.address() === 'string';
    const detach = routeUpgrades(server, this.options.path, (request, socket, head) => {
      runSafely(
        'An upgrade',
        () => this.upgrade(request, socket, head, isUnixSocket),
        () => socket.destroy(),
      );
    });
    this.detachers.set(server, () => {
      detach();
      if (unwatch === null) return;
      // A closing server waits for unfinished requests. Without a deadline each of them could block it forever.
      if (server.listening) server.once('close', safely('The end of a server', unwatch));
      else unwatch();
    });
  }

  detachAll(): void {
    for (const detach of this.detachers.values()) detach();
    this.detachers.clear();
  }
}
