import { WebSocketServer } from 'ws';
import { createServer, listen } from './http.js';
import { eventText, type Peer, type PeerSettings } from './peer.js';

/** Plain `ws`: the text is composed once, and sent in a loop. This is the base that everything is held against. */
export async function startWs(settings: PeerSettings): Promise<Peer> {
  const server = createServer(settings);
  const webSockets = new WebSocketServer({
    server,
    path: '/ws',
    perMessageDeflate: settings.compression === true,
  });
  webSockets.on('connection', (webSocket) => {
    webSocket.on('error', () => undefined);
    webSocket.on('message', (message: Buffer) => {
      const { type } = JSON.parse(message.toString()) as { type: string };
      if (type === 'ping') webSocket.send(JSON.stringify({ type: 'pong', timestamp: new Date().toISOString() }));
    });
  });
  return {
    port: await listen(server),
    publish(channel, data) {
      const text = eventText(channel, data);
      for (const client of webSockets.clients) if (client.readyState === client.OPEN) client.send(text);
    },
  };
}
