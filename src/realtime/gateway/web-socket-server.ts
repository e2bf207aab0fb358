import { WebSocketServer } from 'ws';
import { chooseSubprotocol } from '../auth/token-source.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';

/** No context takeover in either direction: frames can be shared, and memory is released after each message. */
const WITHOUT_CONTEXT = { serverNoContextTakeover: true, clientNoContextTakeover: true };

/** Creates the `ws` server with the limits of the options. */
export function webSocketServer(options: ResolvedRealtimeOptions): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: options.compression && WITHOUT_CONTEXT,
    maxPayload: options.maxFrameBytes,
    maxFragments: options.maxFragments,
    maxBufferedChunks: maxChunks(options.maxFrameBytes),
    autoPong: false, // the gateway answers pings, because they count as frames
    closeTimeout: options.closeTimeoutMs,
    handleProtocols: chooseSubprotocol,
  } as ConstructorParameters<typeof WebSocketServer>[0]);
}

/**
 * Returns the maximum number of chunks of a frame. With one byte per chunk, the overhead would be hundreds of times the
 * payload.
 */
function maxChunks(maxFrameBytes: number): number {
  return Math.max(256, Math.ceil(maxFrameBytes / 128));
}
