import { clamp, MAX_TIMER_MS } from '../limits.js';
import type { Transport, TransportOptions, WebSocketClass } from '../web-socket.js';
import { FallbackSocket } from './fallback-socket.js';
import type { Fetch } from './fetch.js';
import { NetworkMemory } from './network-memory.js';
import { StreamSocket } from './stream-socket.js';
import type { SocketArguments } from './stream-target.js';

/** Options of {@link sse}. */
export interface SseOptions {
  /**
   * Address of the stream, absolute or relative to the client's `url`. @default `realtime/stream` beside the path of the
   * WebSocket: `wss://example.com/ws` and `https://example.com/realtime/stream`
   */
  readonly url?: string | undefined;
  /**
   * Interval at which a client that streams tries a WebSocket, in milliseconds, with a jitter of a quarter. The first
   * tries are 15 and 60 seconds after the change. @default 300000
   */
  readonly retryWebSocketMs?: number | undefined;
  /** Implementation of `fetch`, for example that of `expo/fetch` in React Native. @default the global one */
  readonly fetch?: Fetch | undefined;
}

const DEFAULT_RETRY_MS = 300_000;
const DEFAULT_TIMEOUT_MS = 10_000;

/** A class of sockets that tabs share. */
interface SharedClass {
  readonly isShared?: boolean;
  over?(wrap: (WebSocket: WebSocketClass) => WebSocketClass): WebSocketClass;
}

/**
 * Creates a transport over server-sent events, for networks that block WebSocket and for code without one:
 *
 *     createRealtimeClient({ url: '/ws', getToken, transports: ['websocket', sse()] })
 *
 * @throws TypeError with the invalid option
 */
export function sse({ url, retryWebSocketMs = DEFAULT_RETRY_MS, fetch }: SseOptions = {}): Transport {
  if (clamp(retryWebSocketMs, 1, MAX_TIMER_MS, NaN) !== retryWebSocketMs) {
    throw new TypeError(`sse: retryWebSocketMs is ${retryWebSocketMs}: use 1 to ${MAX_TIMER_MS}`);
  }
  return {
    installTransport(options) {
      const timeoutMs = (): number => options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
      const Stream = classOf((given) => new StreamSocket(given, { url, fetch, timeoutMs: timeoutMs() }));
      const hasWebSocket = isWebSocketFirst(options);
      const over = (find: () => WebSocketClass | undefined): WebSocketClass => {
        if (!hasWebSocket) return Stream;
        const memory = new NetworkMemory(retryWebSocketMs);
        const host = { memory, WebSocket: find, Stream, timeoutMs };
        return classOf((given) => new FallbackSocket(given, host));
      };
      const { WebSocket: Given } = options;
      const shared = Given as SharedClass | undefined;
      options.WebSocket = shared?.over
        ? shared.over((Inner) => over(() => Inner))
        : over(() => Given ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket);
    },
  };
}

/** @throws TypeError for another order */
function isWebSocketFirst({ transports = [] }: TransportOptions): boolean {
  const at = transports.indexOf('websocket');
  if (at <= 0 && transports.length <= at + 2) return at === 0;
  throw new TypeError("transports: use ['websocket', sse()] or [sse()]");
}

/** Makes a class whose objects a function creates. */
function classOf(create: (given: SocketArguments) => object): WebSocketClass {
  return function (...given: SocketArguments) {
    return create(given);
  } as unknown as WebSocketClass;
}
