import { parseFrame } from '../check-frame.js';
import { retryAfter, type SocketEnd } from '../socket.js';
import type { WebSocketLike } from '../web-socket.js';
import { createEventStreamParser } from './event-stream.js';
import type { Fetch, FetchResponse } from './fetch.js';
import { FramePoster } from './frame-poster.js';
import { framesUrl, hasToken, streamTarget, type SocketArguments } from './stream-target.js';

/** Options of a stream. */
export interface StreamOptions {
  readonly url: string | undefined;
  readonly fetch: Fetch | undefined;
  /** Timeout of a request that sends frames, in milliseconds. */
  readonly timeoutMs: number;
}

/** Time that a stream waits for the client's token, in milliseconds, before it starts without one. */
const TOKEN_WITHIN_MS = 1_000;

/**
 * Heartbeat intervals without a byte after which a stream counts as dead. After half of them the client checks it. The
 * server's heartbeat is a comment, so an idle stream causes no request.
 */
const HEARTBEATS = 2.5;

/**
 * A stream of server-sent events, as a WebSocket: `fetch` receives the frames, and each frame of the client is a POST. A
 * token that the client sends in band becomes the header of the request that opens the stream.
 */
export class StreamSocket implements WebSocketLike {
  onopen: WebSocketLike['onopen'] = null;
  onmessage: WebSocketLike['onmessage'] = null;
  onerror: WebSocketLike['onerror'] = null;
  onclose: WebSocketLike['onclose'] = null;
  isAnonymous = false;
  readonly #stop = new AbortController();
  #poster: FramePoster | undefined;
  /** Frames that the client sent before the stream was open. */
  readonly #early: string[] = [];
  #tokenTimer: ReturnType<typeof setTimeout> | undefined;
  #isStarted = false;
  #isConnected = false;
  /** `ref` of the `auth` frame whose token became a header. */
  #authRef: string | undefined;

  constructor(
    private readonly given: SocketArguments,
    private readonly options: StreamOptions,
  ) {
    // Deferred, because the client sets the callbacks after this.
    void Promise.resolve().then(() => this.#begin());
  }

  /** Handles a frame of the client. */
  send(text: string): void {
    if (this.#isOver) return;
    const frame = JSON.parse(text) as { readonly type: string; readonly token: string; readonly ref?: string };
    if (frame.type === 'auth' && !this.#isStarted) {
      this.#authRef = frame.ref;
      this.#start(frame.token);
    } else if (this.#poster) this.#poster.post(text, frame);
    else this.#early.push(text);
  }

  close(code = 1005, reason = ''): void {
    this.#end({ code, reason });
  }

  get #isOver(): boolean {
    return this.#stop.signal.aborted;
  }

  #begin(): void {
    if (this.#isOver) return;
    this.onopen?.({} as never); // the client answers with its token
    const isTokenExpected = !this.isAnonymous && !hasToken(this.given);
    if (isTokenExpected) this.#tokenTimer = setTimeout(() => this.#start(), TOKEN_WITHIN_MS);
    else this.#start();
  }

  #start(token?: string): void {
    if (this.#isStarted || this.#isOver) return;
    this.#isStarted = true;
    clearTimeout(this.#tokenTimer);
    this.#read(token).catch((error: unknown) => this.#end({ code: 1006, reason: String(error) }));
  }

  async #read(inBand: string | undefined): Promise<void> {
    const { url, headers: credentials } = streamTarget(this.given, inBand, this.options.url);
    const fetch = this.options.fetch ?? globalThis.fetch;
    const response = await fetch(url, {
      headers: { Accept: 'text/event-stream', 'X-Realtime-Client': '1', ...credentials },
      cache: 'no-store',
      signal: this.#stop.signal,
    });
    if (response.status !== 200) return this.#refused(response);
    if (!/^text\/event-stream/.test(response.headers.get('content-type') ?? '')) {
      return this.#end({ code: 1006, reason: `${url} is not an event stream`, status: 404 });
    }
    if (!response.body) throw new TypeError('this fetch does not stream: pass sse({ fetch })');
    const push = createEventStreamParser({
      data: (text) => this.#received(text, url, credentials),
      comment: () => this.#isConnected && this.#deliver({ type: 'pong' }),
    });
    const reader = response.body.getReader();
    for (let chunk = await reader.read(); chunk.value && !this.#isOver; chunk = await reader.read()) push(chunk.value);
    this.#end({ code: 1006, reason: 'the stream ended' });
  }

  #received(text: string, url: string, credentials: Readonly<Record<string, string>>): void {
    if (this.#isOver) return;
    const frame = parseFrame(text) as { type: string; ref?: string; connectionId?: string; heartbeatMs: number } | null;
    const type: string | undefined = frame?.type;
    if (type === 'closed') return this.#end(frame as unknown as SocketEnd);
    if (type === 'connected' && !this.#isConnected) {
      const { connectionId = '', heartbeatMs } = frame!;
      this.#isConnected = true;
      const { fetch, timeoutMs } = this.options;
      const target = { url: framesUrl(url, connectionId), headers: credentials, fetch, timeoutMs };
      this.#poster = new FramePoster(target, (end) => this.#end(end));
      this.#deliver({ ref: this.#authRef, ...frame, heartbeatMs: HEARTBEATS * heartbeatMs, transport: 'sse' });
      for (const early of this.#early.splice(0)) this.send(early);
    } else if (type === 'connected' || type === 'authenticated') {
      this.#poster?.authenticated(frame!.ref);
      this.#deliver({ ...frame, transport: 'sse' });
    } else this.onmessage?.({ data: text } as never);
  }

  #deliver(frame: object): void {
    const timestamp = new Date().toISOString();
    if (!this.#isOver) this.onmessage?.({ data: JSON.stringify({ timestamp, ...frame }) } as never);
  }

  async #refused(response: FetchResponse): Promise<void> {
    const { status, headers } = response;
    const { code, message = '' } = (parse(await response.text().catch(String)) ?? {}) as {
      readonly code?: string;
      readonly message?: string;
    };
    const retryInMs = retryAfter(headers.get('retry-after') ?? undefined, headers.get('date') ?? undefined);
    if (code !== undefined) {
      this.#deliver({ type: 'error', code, message, ref: this.#authRef });
      // The client handles the answer to `auth` first: it names the reason.
      await new Promise((resolve) => setTimeout(resolve));
    }
    this.#end({ code: 1006, reason: message || `HTTP ${status}`, status, retryInMs });
  }

  #end(how: SocketEnd): void {
    if (this.#isOver) return;
    clearTimeout(this.#tokenTimer);
    this.#stop.abort();
    this.#poster?.stop();
    void Promise.resolve().then(() => this.onclose?.(how as never));
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
