import { retryAfter, type SocketEnd } from '../socket.js';
import type { Fetch } from './fetch.js';

/** Where frames are posted. */
export interface PostTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: Fetch | undefined;
  /** Timeout of a request, in milliseconds. */
  readonly timeoutMs: number;
}

/** Maximum number of frames in a request: the server accepts sixteen of the maximum size. */
const MAX_FRAMES = 16;

/** Maximum wait that the server can ask for before a request is repeated, in milliseconds. */
const MAX_WAIT_MS = 30_000;

/** Sends the frames of a client in order: one request at a time, which takes all frames that wait. */
export class FramePoster {
  readonly #waiting: string[] = [];
  #isBusy = false;
  #isOver = false;
  #endWait: () => void = () => undefined;
  #headers: Readonly<Record<string, string>>;
  /** Tokens that were sent in band, by the `ref` of their frame. */
  readonly #tokens = new Map<string | undefined, string>();

  /** @param failed called if frames may be lost: the connection has to end */
  constructor(
    private readonly target: PostTarget,
    private readonly failed: (end: SocketEnd) => void,
  ) {
    this.#headers = target.headers;
  }

  /** @param frame the parsed text */
  post(text: string, frame: { readonly type: string; readonly token: string; readonly ref?: string }): void {
    if (frame.type === 'auth') this.#tokens.set(frame.ref, frame.token);
    this.#waiting.push(text);
    if (this.#isBusy) return;
    this.#isBusy = true;
    // Deferred, so that frames of one step share a request.
    void Promise.resolve()
      .then(() => this.#postAll())
      .catch((error: unknown) => this.failed({ code: 1006, reason: String(error) }));
  }

  /** The server accepted the token of the frame with this `ref`: the next requests carry it. */
  authenticated(ref: string | undefined): void {
    const token = this.#tokens.get(ref);
    this.#tokens.delete(ref);
    if (token !== undefined) this.#headers = { ...this.#headers, Authorization: `Bearer ${token}` };
  }

  /** Drops the frames that wait. A request that was sent is not aborted. */
  stop(): void {
    this.#isOver = true;
    this.#endWait();
  }

  async #postAll(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#isOver) {
      const frames = this.#waiting.splice(0, MAX_FRAMES);
      const body = frames.length === 1 ? frames[0]! : `[${frames.join()}]`;
      const { status, retryInMs } = await this.#request(body);
      if (status === 429) {
        this.#waiting.unshift(...frames); // the server has taken none of them
        if (!this.#isOver) await this.#wait(Math.min(retryInMs, MAX_WAIT_MS));
      } else if (status >= 300) {
        // As over a WebSocket: too large a frame ends the client, instead of a loop of connections.
        const code = status === 413 ? 1009 : 1006;
        return this.failed({ code, reason: `frames are refused with HTTP ${status}` });
      }
    }
    // In the same step as the last look at the frames that wait, so that none is left.
    this.#isBusy = false;
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endWait = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #request(body: string): Promise<{ readonly status: number; readonly retryInMs: number }> {
    const { url, fetch = globalThis.fetch, timeoutMs } = this.target;
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    try {
      const headers = { 'Content-Type': 'application/json', 'X-Realtime-Client': '1', ...this.#headers };
      const response = await fetch(url, { method: 'POST', headers, body, signal: stop.signal });
      await response.text(); // frees the connection for the next request
      return { status: response.status, retryInMs: retryAfter(response.headers.get('retry-after') ?? '1') ?? 0 };
    } finally {
      clearTimeout(timer);
    }
  }
}
