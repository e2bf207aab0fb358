import { WebSocketServer, type WebSocket } from 'ws';
import { CHANNEL } from '../channel.js';
import { createServer, listen } from './http.js';
import { eventText, type Peer, type PeerSettings } from './peer.js';

/**
 * Plain `ws`: serializes each event once, and sends it to each subscriber in a loop. A client names its channels in
 * the URL (`?channels=a,b`); without them it subscribes to the channel of the fan-out rows.
 */
export async function startWs(settings: PeerSettings): Promise<Peer> {
  const server = createServer(settings);
  const webSockets = new WebSocketServer({
    server,
    path: '/ws',
    perMessageDeflate: settings.compression === true,
  });
  const subscribers = new Map<string, Set<WebSocket>>();
  webSockets.on('connection', (webSocket, request) => {
    const channels = new URL(request.url!, 'ws://localhost').searchParams.get('channels') ?? CHANNEL;
    for (const channel of channels.split(',')) {
      subscribers.set(channel, (subscribers.get(channel) ?? new Set()).add(webSocket));
    }
    webSocket.once('close', () => {
      for (const channel of channels.split(',')) subscribers.get(channel)?.delete(webSocket);
    });
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
      for (const client of subscribers.get(channel) ?? []) if (client.readyState === client.OPEN) client.send(text);
    },
  };
}
