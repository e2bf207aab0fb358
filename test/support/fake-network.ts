import type { WebSocketClass, WebSocketLike } from '../../src/client/index.js';
import type { Fetch, FetchResponse } from '../../src/client/sse/index.js';
import type { FakeRealtimeServer } from '../../src/testing/index.js';

/** How the network handles connections of one transport. */
export type Passage = 'open' | 'refused' | 'silent';

interface Request {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/**
 * A network between a client and a fake server: WebSockets, and streams over HTTP. Each of the two can be blocked, for new
 * connections and for those that exist.
 */
export class FakeNetwork {
  readonly WebSocket: WebSocketClass;
  /** Number of WebSockets that were opened. */
  sockets = 0;
  /** Requests, oldest first. */
  readonly requests: Request[] = [];
  /** Number of requests that are not answered. */
  pending = 0;
  /** HTTP statuses for the next requests: each is used once. */
  readonly statuses: { readonly method: string; readonly status: number; readonly retryAfter?: string }[] = [];
  #webSocket: Passage = 'open';
  #stream: Passage = 'open';
  readonly #open = new Map<'webSocket' | 'stream', Set<() => void>>([
    ['webSocket', new Set()],
    ['stream', new Set()],
  ]);
  readonly #muted: (() => void)[] = [];
  readonly #streams = new Map<string, Stream>();

  /** @param Socket class of the server's sockets, for both transports */
  constructor(
    readonly server: FakeRealtimeServer,
    private readonly Socket: WebSocketClass = server.WebSocket,
  ) {
    const opened = (socket: WebSocketLike): void => {
      this.sockets += 1;
      this.#pass(socket, 'webSocket', this.#webSocket);
    };
    this.WebSocket = class extends Socket {
      constructor(url: string, protocols?: string | string[]) {
        super(url, protocols);
        opened(this);
      }
    };
  }

  set webSocket(passage: Passage) {
    this.#webSocket = passage;
    this.#change('webSocket', passage);
  }

  set stream(passage: Passage) {
    this.#stream = passage;
    this.#change('stream', passage);
  }

  /** Blocks both: the network is offline. */
  set all(passage: Passage) {
    this.webSocket = this.stream = passage;
  }

  /** The requests of one method. */
  requestsOf(method: 'GET' | 'POST'): Request[] {
    return this.requests.filter((request) => request.method === method);
  }

  /** Ends every stream without a reason. */
  cutStreams(): void {
    for (const end of [...this.#open.get('stream')!]) end();
  }

  /** Passes on the messages of silent WebSockets. */
  answerLate(): void {
    for (const answer of this.#muted.splice(0)) answer();
  }

  /** Sends any text to every stream. */
  sendToStreams(text: string): void {
    for (const stream of this.#streams.values()) stream.push(text);
  }

  readonly fetch: Fetch = async (url, { method = 'GET', headers, body, signal }) => {
    this.requests.push({ method: method as 'GET', url, headers, body });
    const aborted = new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => reject(new Error('aborted')));
    });
    this.pending += 1;
    return Promise.race([this.#answer(url, method, headers, body, aborted), aborted]).finally(
      () => (this.pending -= 1),
    );
  };

  async #answer(
    url: string,
    method: string,
    headers: Readonly<Record<string, string>>,
    body: string | undefined,
    aborted: Promise<never>,
  ): Promise<FetchResponse> {
    await Promise.resolve();
    if (this.#stream === 'refused') throw new TypeError('fetch failed');
    if (this.#stream === 'silent') return aborted;
    const given = this.statuses.find((one) => one.method === method);
    if (given) {
      this.statuses.splice(this.statuses.indexOf(given), 1);
      return response(given.status, '', { 'retry-after': given.retryAfter });
    }
    if (method === 'POST') return this.#post(url, body!);
    const token = /^Bearer (.*)$/.exec(headers['Authorization'] ?? '')?.[1];
    const { search } = new URL(url);
    const socket = new this.Socket(`ws://fake/ws${search}`, token === undefined ? [] : [`token-${token}`]);
    const stream = new Stream(socket, aborted);
    const first = await stream.first;
    if (first === null) throw new TypeError('fetch failed');
    const frame = JSON.parse(first) as { readonly type: string; readonly connectionId: string; readonly code: string };
    if (frame.type === 'error') return response(401, first);
    this.#streams.set(frame.connectionId, stream);
    this.#track('stream', stream.cut, stream.ended);
    void stream.ended.then(() => this.#streams.delete(frame.connectionId));
    stream.block(first);
    return { ...response(200, '', { 'content-type': 'text/event-stream; charset=utf-8' }), body: stream };
  }

  async #post(url: string, body: string): Promise<FetchResponse> {
    const id = /\/realtime\/stream\/([^/]+)\/frames$/.exec(new URL(url).pathname)?.[1];
    const stream = this.#streams.get(id ?? '');
    if (stream === undefined) return response(404, '');
    for (const frame of [JSON.parse(body) as unknown].flat()) stream.socket.send(JSON.stringify(frame));
    return response(202, '');
  }

  #pass(socket: WebSocketLike, transport: 'webSocket', passage: Passage): void {
    if (passage === 'open') {
      const ended = new Promise<void>((resolve) => onClose(socket, resolve));
      this.#track(transport, () => cut(socket), ended);
    } else if (passage === 'refused') cut(socket);
    else this.#muted.push(mute(socket));
  }

  #track(transport: 'webSocket' | 'stream', end: () => void, ended: Promise<void>): void {
    const all = this.#open.get(transport)!;
    all.add(end);
    void ended.then(() => all.delete(end));
  }

  #change(transport: 'webSocket' | 'stream', passage: Passage): void {
    if (passage !== 'open') for (const end of [...this.#open.get(transport)!]) end();
  }
}

/** Ends a socket as a broken network does. */
function cut(socket: WebSocketLike): void {
  (socket as unknown as { end(code: number, reason: string): void }).end(1006, '');
}

/** Lets a socket open, and keeps every message. @returns a function that passes them on, and all later ones */
function mute(socket: WebSocketLike): () => void {
  const wire = socket as unknown as { deliver(data: string): void };
  const deliver = wire.deliver.bind(socket);
  const kept: string[] = [];
  wire.deliver = (data) => void kept.push(data);
  return () => {
    wire.deliver = deliver;
    for (const data of kept) deliver(data);
  };
}

function onClose(socket: WebSocketLike, work: () => void): void {
  let listener: WebSocketLike['onclose'] = null;
  Object.defineProperty(socket, 'onclose', {
    get: () => (event: never) => {
      work();
      listener?.(event);
    },
    set(given: typeof listener) {
      listener = given;
    },
  });
}

function response(
  status: number,
  text: string,
  headers: Readonly<Record<string, string | undefined>> = {},
): FetchResponse {
  return {
    ok: status < 300,
    status,
    headers: { get: (name) => headers[name] ?? null },
    text: () => Promise.resolve(text),
  };
}

/** The body of a stream, over a socket of the fake server. */
class Stream {
  /** The first frame; `null` if the server is down. */
  readonly first: Promise<string | null>;
  readonly ended: Promise<void>;
  readonly cut: () => void;
  #chunks: Uint8Array[] = [];
  #wake: () => void = () => undefined;
  #isOver = false;
  #isBroken = false;

  constructor(
    readonly socket: WebSocketLike,
    aborted: Promise<never>,
  ) {
    let finish!: () => void;
    this.ended = new Promise((resolve) => (finish = resolve));
    const end = (isBroken: boolean): void => {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#isBroken = isBroken;
      this.#wake();
      finish();
    };
    this.cut = () => {
      end(true);
      cut(socket);
    };
    this.first = new Promise((resolve) => {
      let isFirst = true;
      socket.onmessage = ({ data }: { data: string }) => {
        if (isFirst) resolve(data);
        else this.block(data);
        isFirst = false;
      };
      socket.onclose = ({ code, reason }: { code: number; reason: string }) => {
        resolve(null);
        if (code !== 1006) this.block(JSON.stringify({ type: 'closed', code, reason }));
        end(code === 1006);
      };
    });
    aborted.catch(() => {
      end(true);
      socket.close(1000);
    });
  }

  block(frame: string): void {
    this.push(`data: ${frame}\n\n`);
  }

  push(text: string): void {
    this.#chunks.push(new TextEncoder().encode(text));
    this.#wake();
  }

  getReader() {
    return {
      read: async (): Promise<{ readonly done: boolean; readonly value?: Uint8Array }> => {
        while (this.#chunks.length === 0) {
          if (this.#isBroken) throw new TypeError('network error');
          if (this.#isOver) return { done: true };
          await new Promise<void>((resolve) => (this.#wake = resolve));
        }
        return { done: false, value: this.#chunks.shift()! };
      },
    };
  }
}
