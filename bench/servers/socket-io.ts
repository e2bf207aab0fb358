import { Server } from 'socket.io';
import { createServer, listen } from './http.js';
import type { Peer, PeerSettings } from './peer.js';

/** Socket.IO as documented, over its WebSocket transport, with each client in a room. */
export async function startSocketIo(settings: PeerSettings): Promise<Peer> {
  const server = createServer(settings);
  const io = new Server(server, { transports: ['websocket'], pingInterval: 600_000, serveClient: false });
  io.on('connection', (socket) => {
    void socket.join('apps:created');
    socket.on('ping_', (answer: (pong: object) => void) => answer({ timestamp: new Date().toISOString() }));
  });
  return {
    port: await listen(server),
    publish(channel, data) {
      io.to(channel).emit('event', data);
    },
  };
}
