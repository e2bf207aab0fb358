import { WebSocket, type ClientOptions } from 'ws';
import type { WebSocketClass } from '../client/index.js';
import { networkProblem } from './network-problem.js';

/** The problem of the last attempt, which the client does not see. */
export interface SocketErrors {
  last: string | undefined;
}

/** A server that is gone does not delay the end of a command. The types of `ws` lack the option. */
export const CLOSE_SOON: ClientOptions = { closeTimeout: 1_000 } as ClientOptions;

/** Returns a class of WebSockets for the client that records errors, and closes quickly. */
export function socketClass(errors: SocketErrors): WebSocketClass {
  return class extends WebSocket {
    constructor(url: string, protocols: string[] | string = [], options: ClientOptions = {}) {
      super(url, protocols, { ...options, ...CLOSE_SOON });
      this.on('error', (error) => (errors.last = networkProblem(error).problem));
    }
  };
}
