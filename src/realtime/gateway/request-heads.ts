import type { IncomingMessage, Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';

type RequestClass = new (socket: Socket) => IncomingMessage;

/**
 * Calls back for each request that Node begins to parse, before it decides what to do with it: its head has arrived, and
 * nothing of it is set yet but its socket. Node keeps the class of requests under a symbol, for its option `IncomingMessage`.
 * @param callback must not throw
 * @returns takes it back; `null` if this server has no such class, as one for HTTP/2 alone
 */
export function onRequestHead(
  server: Server | HttpsServer,
  callback: (request: IncomingMessage) => void,
): (() => void) | null {
  const key = Object.getOwnPropertySymbols(server).find(({ description }) => description === 'IncomingMessage');
  const classes = server as unknown as Record<symbol, RequestClass>;
  if (key === undefined || typeof classes[key] !== 'function') return null;
  const Original = classes[key];
  // Called with `new`; the request stays one of the original class.
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
