import { CHANNEL } from '../channel.js';
import type { StandaloneName } from '../standalone.js';
import type { ConnectOptions } from './client.js';

const BEARER = { Authorization: 'Bearer {token}' };

/** How a client with a token connects and subscribes, and the claims that its token needs for that. */
export interface Dialect {
  readonly connectOptions: Omit<ConnectOptions, 'port'>;
  readonly claims: object;
}

/** Returns the dialect of a server. In the names of channels, `{n}` is replaced by the number of the client. */
export function dialectOf(name: StandaloneName, channels: readonly string[] = [CHANNEL]): Dialect {
  switch (name) {
    case 'ws':
      return {
        connectOptions: { path: `/ws?channels=${channels.join(',')}`, headers: BEARER, readyAfter: 1 },
        claims: {},
      };
    case 'socket.io': {
      const hello = [`40${JSON.stringify({ token: '{token}', channels })}`];
      return { connectOptions: { path: '/socket.io/?EIO=4&transport=websocket', hello, readyAfter: 2 }, claims: {} };
    }
    case 'centrifugo': {
      // Its token lists the channels, so that they are in the reply to `connect`.
      const hello = [JSON.stringify({ id: 1, connect: { token: '{token}' } })];
      return { connectOptions: { path: '/connection/websocket', hello, readyAfter: 1 }, claims: { channels } };
    }
    default: {
      const hello = channels.length === 0 ? [] : [JSON.stringify({ type: 'subscribe', channels })];
      return { connectOptions: { path: '/ws', headers: BEARER, hello, readyAfter: 1 + channels.length }, claims: {} };
    }
  }
}
