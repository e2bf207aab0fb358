import type { IncomingMessage, Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { onRequestHead } from './request-heads.js';

type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** `scheme://authority` of an absolute request target, which a proxy can send. */
const ABSOLUTE = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i;

/** Returns the path of a request without its query. Never throws. */
export function pathOf({ url = '' }: Pick<IncomingMessage, 'url'>): string {
  const target = url.startsWith('/') ? url : url.replace(ABSOLUTE, '');
  const question = target.indexOf('?');
  return question < 0 ? target : target.slice(0, question);
}

/** Listeners that only make Node emit upgrades; they handle none. */
const placeholders = new WeakSet<object>();

/**
 * Handles the upgrades of one path of an HTTP server, before any other listener. Every other request with an `Upgrade`
 * header is handled as without this module: by the other listeners, or as an ordinary request.
 *
 * Node uses `server.listenerCount('upgrade')` to decide whether to ignore the header. So a request to another path sees
 * only the number of the other listeners. A listener cannot stop the listeners after it, and some of them (Nest's
 * `WsAdapter`, engine.io) destroy sockets of paths that they do not know. So the event is routed where it is emitted.
 * @returns a function that removes the route
 */
export function routeUpgrades(server: Server | HttpsServer, path: string, handle: UpgradeHandler): () => void {
  const emit = server.emit;
  const listenerCount = Reflect.get(server, 'listenerCount') as (event: string | symbol, ...rest: unknown[]) => number;
  const placeholder = (): void => undefined;
  placeholders.add(placeholder);
  server.on('upgrade', placeholder);
  const others = (): number => server.listeners('upgrade').filter((listener) => !placeholders.has(listener)).length;

  /** The request that Node decides on next. */
  let undecided: (IncomingMessage & { upgrade?: boolean }) | null = null;
  const forgetHeads = onRequestHead(server, (request) => (undecided = request));

  const count = function (this: unknown, event: string | symbol, ...rest: unknown[]): number {
    if (event === 'upgrade' && rest.length === 0 && undecided?.upgrade === true && pathOf(undecided) !== path) {
      undecided = null;
      return others();
    }
    return Reflect.apply(listenerCount, this, [event, ...rest]);
  };
  server.listenerCount = count;

  const route = function (this: unknown, event: string | symbol, ...args: unknown[]): boolean {
    undecided = null;
    if (event !== 'upgrade') return Reflect.apply(emit, this, [event, ...args]) as boolean;
    const [request, socket, head] = args as Parameters<UpgradeHandler>;
    if (pathOf(request) === path) handle(request, socket, head);
    else if (others() > 0) return Reflect.apply(emit, this, [event, ...args]) as boolean;
    else refuseUpgrade(socket, '404 Not Found');
    return true;
  };
  server.emit = route as typeof server.emit;

  return () => {
    server.off('upgrade', placeholder);
    if (server.emit === route) server.emit = emit;
    if (server.listenerCount === count) server.listenerCount = listenerCount;
    forgetHeads?.();
  };
}

/** Answers an upgrade with an HTTP error and ends the socket. @param sentence the body: the problem, and what to do */
export function refuseUpgrade(
  socket: Duplex,
  status: string,
  headers: Readonly<Record<string, string>> = {},
  sentence = '',
): void {
  socket.on('error', () => undefined); // the peer may have disconnected already
  const type = sentence === '' ? {} : { 'Content-Type': 'text/plain; charset=utf-8' };
  const length = String(Buffer.byteLength(sentence));
  const lines = Object.entries({ Connection: 'close', ...type, 'Content-Length': length, ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  socket.end(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${sentence}`, () => socket.destroy());
}
