import type { IncomingMessage, Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { runSafely, safely } from '../observability/run-safely.js';
import { UnfinishedRequests } from './unfinished-requests.js';
import { routeUpgrades } from './upgrade-router.js';

/** @param isUnixSocket true if the server listens on a Unix socket */
type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer, isUnixSocket: () => boolean) => Promise<void>;

/** The part of the options that it goes by. */
interface AttachOptions {
  readonly path: string;
  readonly handshakeTimeoutMs: number;
  readonly maxConnections: number;
  readonly closeUnfinishedRequests: boolean;
}

/** The HTTP servers whose upgrades of one path are taken, and whose unfinished requests are ended. */
export class AttachedServers {
  private readonly detachers = new Map<Server | HttpsServer, () => void>();
  private readonly unfinished: UnfinishedRequests;

  /** @param upgrade an upgrade that fails ends its socket alone */
  constructor(
    private readonly options: AttachOptions,
    private readonly upgrade: Upgrade,
  ) {
    this.unfinished = new UnfinishedRequests(options.handshakeTimeoutMs, options.maxConnections);
  }

  get size(): number {
    return this.detachers.size;
  }

  /** Attaching a server twice changes nothing. */
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
      // While a server closes it waits for half-sent requests: without a deadline, each could hold it up for ever.
      if (server.listening) server.once('close', safely('The end of a server', unwatch));
      else unwatch();
    });
  }

  detachAll(): void {
    for (const detach of this.detachers.values()) detach();
    this.detachers.clear();
  }
}
