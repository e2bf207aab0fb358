import { WebSocketServer } from 'ws';
import { chooseSubprotocol } from '../auth/token-source.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';

/** Nothing is remembered from one message to the next, in either direction: frames can be shared, and memory let go of. */
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

/** The pieces in which the network may bring one frame: a byte in each would cost hundreds of times what it holds. */
function maxChunks(maxFrameBytes: number): number {
  return Math.max(256, Math.ceil(maxFrameBytes / 128));
}
