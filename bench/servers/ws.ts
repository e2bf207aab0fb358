import type { IncomingMessage } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';
import { CHANNEL } from '../channel.js';
import { createServer, listen } from './http.js';
import { eventText, type Peer, type PeerSettings } from './peer.js';
import { createVerifier } from './verify.js';

/**
 * Plain `ws`: serializes each event once, and sends it to each subscriber in a loop. A client names its channels in
 * the URL (`?channels=a,b`); without them it subscribes to the channel of the fan-out rows. With an issuer, the server
 * verifies the token of the upgrade, and answers with one frame once the client is subscribed.
 */
export async function startWs(settings: PeerSettings): Promise<Peer> {
  const server = createServer(settings);
  const verify = settings.issuer && createVerifier(settings.issuer);
  const webSockets = new WebSocketServer({
    server,
    path: '/ws',
    perMessageDeflate: settings.compression === true,
    ...(verify && {
      verifyClient({ req }: { req: IncomingMessage & { user?: string } }): boolean {
        try {
          req.user = verify(req.headers.authorization!.slice('Bearer '.length));
          return true;
        } catch {
          return false;
        }
      },
    }),
  });
  const subscribers = new Map<string, Set<WebSocket>>();
  webSockets.on('connection', (webSocket, request: IncomingMessage & { user?: string }) => {
    const channels = (new URL(request.url!, 'ws://localhost').searchParams.get('channels') ?? CHANNEL).split(',');
    for (const channel of channels) {
      subscribers.set(channel, (subscribers.get(channel) ?? new Set()).add(webSocket));
    }
    webSocket.once('close', () => {
      for (const channel of channels) subscribers.get(channel)?.delete(webSocket);
    });
    webSocket.on('error', () => undefined);
    webSocket.on('message', (message: Buffer) => {
      const { type } = JSON.parse(message.toString()) as { type: string };
      if (type === 'ping') webSocket.send(JSON.stringify({ type: 'pong', timestamp: new Date().toISOString() }));
    });
    if (verify) webSocket.send(JSON.stringify({ type: 'connected', user: request.user, channels }));
  });
  return {
    port: await listen(server, settings),
    publish(channel, data) {
      const text = eventText(channel, data);
      for (const client of subscribers.get(channel) ?? []) if (client.readyState === client.OPEN) client.send(text);
    },
  };
}
