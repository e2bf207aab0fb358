import { WebSocketServer } from 'ws';
import { chooseSubprotocol } from '../auth/token-source.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';

/** No context takeover in either direction: frames can be shared, and memory is released after each message. */
const WITHOUT_CONTEXT = { serverNoContextTakeover: true, clientNoContextTakeover: true };

/** The server of `ws` behind the upgrades, with the limits of the options. */
export function webSocketServer(options: ResolvedRealtimeOptions): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: options.compression && WITHOUT_CONTEXT,
    maxPayload: options.maxFrameBytes,
    maxFragments: options.maxFragments,
    maxBufferedChunks: maxChunks(options.maxFrameBytes),
    autoPong: false, // a ping counts as a frame, and is answered where those are
    closeTimeout: options.closeTimeoutMs,
    handleProtocols: chooseSubprotocol,
  } as ConstructorParameters<typeof WebSocketServer>[0]);
}

/** The limit of chunks per frame: with one byte in each, the overhead would be hundreds of times the payload. */
function maxChunks(maxFrameBytes: number): number {
  return Math.max(256, Math.ceil(maxFrameBytes / 128));
}
