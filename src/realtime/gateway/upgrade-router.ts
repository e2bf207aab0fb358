import type { IncomingMessage, Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';

type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** The path of a request, without its query. Never throws, whatever a client sends. */
export function pathOf({ url = '' }: Pick<IncomingMessage, 'url'>): string {
  const question = url.indexOf('?');
  return question < 0 ? url : url.slice(0, question);
}

/**
 * Takes the upgrades of one path of an HTTP server, before anyone else hears of them; all others are left to their
 * owners, and refused with 404 where nobody owns them.
 *
 * An `upgrade` listener cannot keep an event from the listeners after it, and some of them (Nest's `WsAdapter`, engine.io)
 * destroy the sockets of paths that they do not know. So the event is looked at where it is emitted.
 * @returns takes it back
 */
export function routeUpgrades(server: Server | HttpsServer, path: string, handle: UpgradeHandler): () => void {
  const emit = server.emit;
  // Node only upgrades while somebody listens.
  const listener = (): void => undefined;
  server.on('upgrade', listener);

  const route = function (this: unknown, event: string | symbol, ...args: unknown[]): boolean {
    if (event !== 'upgrade') return Reflect.apply(emit, this, [event, ...args]) as boolean;
    const [request, socket, head] = args as Parameters<UpgradeHandler>;
    if (pathOf(request) === path) handle(request, socket, head);
    else if (server.listenerCount('upgrade') > 1) return Reflect.apply(emit, this, [event, ...args]) as boolean;
    else refuseUpgrade(socket, '404 Not Found');
    return true;
  };
  server.emit = route as typeof server.emit;

  return () => {
    server.off('upgrade', listener);
    if (server.emit === route) server.emit = emit;
  };
}

/** Answers an upgrade with an HTTP error and ends the socket. */
export function refuseUpgrade(socket: Duplex, status: string, headers: Readonly<Record<string, string>> = {}): void {
  socket.on('error', () => undefined); // the peer may be gone already: nothing more is owed to it
  const lines = Object.entries({ Connection: 'close', 'Content-Length': '0', ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  socket.end(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`, () => socket.destroy());
}
