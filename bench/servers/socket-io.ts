import { Server } from 'socket.io';
import { CHANNEL } from '../channel.js';
import { createServer, listen } from './http.js';
import type { Peer, PeerSettings } from './peer.js';
import { createVerifier } from './verify.js';

interface Credentials {
  readonly token?: string;
  readonly channels?: string[];
}

/**
 * Socket.IO as documented, over its WebSocket transport, with each client in a room for each of its channels. With an
 * issuer, a middleware verifies the token of the client.
 */
export async function startSocketIo(settings: PeerSettings): Promise<Peer> {
  const server = createServer(settings);
  const io = new Server(server, { transports: ['websocket'], pingInterval: 600_000, serveClient: false });
  if (settings.issuer !== undefined) {
    const verify = createVerifier(settings.issuer);
    io.use((socket, next) => {
      try {
        (socket.data as { user?: string }).user = verify((socket.handshake.auth as Credentials).token!);
        next();
      } catch (error) {
        next(error as Error);
      }
    });
  }
  io.on('connection', (socket) => {
    void socket.join((socket.handshake.auth as Credentials).channels ?? CHANNEL);
    socket.on('ping_', (answer: (pong: object) => void) => answer({ timestamp: new Date().toISOString() }));
  });
  return {
    port: await listen(server, settings),
    publish(channel, data) {
      io.to(channel).emit('event', data);
    },
  };
}
