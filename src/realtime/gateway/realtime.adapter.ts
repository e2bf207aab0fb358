import type { WebSocketAdapter, WsMessageHandler } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { Connection } from '../connections/connection.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { addMessageType } from './message-types.js';
import { RealtimeServer } from './realtime-server.js';

type Transform = (result: unknown) => Observable<unknown>;

/**
 * Nest adapter of the realtime path. Gateways on this path get the module's server; all others get the adapter that the
 * application chose. The module installs it automatically.
 */
export class RealtimeAdapter implements WebSocketAdapter {
  private chosen: WebSocketAdapter | null = null;
  private readonly logger = new SafeLogger('Realtime');
  /** Types of `@SubscribeMessage` that are part of the protocol. Each is logged once. */
  private readonly neverCalled = new Set<string>();

  /**
   * @param choose creates the adapter for all other gateways, when the first of them needs it
   * @param beforeServing called before Nest binds the gateways of the path
   */
  constructor(
    private readonly server: RealtimeServer,
    private readonly choose: () => WebSocketAdapter,
    private readonly beforeServing: () => void,
  ) {}

  create(port: number, options: { path?: string } = {}): unknown {
    if (port !== 0 || options.path !== this.server.path) return this.others.create(port, options);
    this.beforeServing();
    this.server.attachToApplication();
    return this.server;
  }

  bindClientConnect(server: unknown, callback: (...args: unknown[]) => void): void {
    if (server === this.server) this.server.onConnection(callback);
    else this.others.bindClientConnect(server, callback);
  }

  bindClientDisconnect(client: unknown, callback: (reason?: unknown) => void): void {
    if (client instanceof Connection) this.server.onDisconnect(client, callback);
    else this.others.bindClientDisconnect?.(client, callback);
  }

  /** A gateway of the application on the same path adds message types with `@SubscribeMessage`. */
  bindMessageHandlers(client: unknown, handlers: WsMessageHandler[], transform: Transform): void {
    if (!(client instanceof Connection)) {
      this.others.bindMessageHandlers(client, handlers, transform);
      return;
    }
    for (const { message, callback } of handlers) {
      const isAdded = addMessageType(client, message, (data, running) => transform(callback(data, running)));
      if (!isAdded) this.reportNeverCalled(message);
    }
  }

  private reportNeverCalled(type: string): void {
    if (this.neverCalled.has(type)) return;
    this.neverCalled.add(type);
    this.logger.error(`@SubscribeMessage('${type}') is never called: the protocol has a message of this type`);
  }

  async close(server: { close(): unknown }): Promise<void> {
    if (server === this.server) await this.server.close();
    else await this.others.close(server);
  }

  async dispose(): Promise<void> {
    await (this.chosen as { dispose?(): Promise<void> } | null)?.dispose?.();
  }

  /** Nest sets this on the adapter that it knows. It is passed on to the application's adapter. */
  set forceCloseConnections(force: boolean | undefined) {
    if (this.chosen !== null || force !== undefined) Object.assign(this.others, { forceCloseConnections: force });
  }

  private get others(): WebSocketAdapter {
    return (this.chosen ??= this.choose());
  }
}
