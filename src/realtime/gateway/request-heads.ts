import type { IncomingMessage, Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';

type RequestClass = new (socket: Socket) => IncomingMessage;

/**
 * Calls back for each request when its head has arrived and before Node decides how to handle it. Only `socket` is set on
 * the request then. Node stores the class of requests under a symbol, for its option `IncomingMessage`; this wraps that
 * class.
 * @param callback must not throw
 * @returns a function that removes the callback; `null` if the server has none, such as an HTTP/2-only server
 */
export function onRequestHead(
  server: Server | HttpsServer,
  callback: (request: IncomingMessage) => void,
): (() => void) | null {
  const key = Object.getOwnPropertySymbols(server).find(({ description }) => description === 'IncomingMessage');
  const classes = server as unknown as Record<symbol, RequestClass>;
  if (key === undefined || typeof classes[key] !== 'function') return null;
  const Original = classes[key];
  // Called with `new`. The request remains an instance of the original class.
  const observed = function (socket: Socket): IncomingMessage {
    const request = new Original(socket);
    callback(request);
    return request;
  } as unknown as RequestClass;
  classes[key] = observed;
  return () => {
    if (classes[key] === observed) classes[key] = Original;
  };
}
