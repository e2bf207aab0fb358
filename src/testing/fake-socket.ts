import type { WebSocketLike } from '../client/index.js';

/** Both sides of a socket: the client's WebSocket interface, and below it the side of the fake server. */
export class FakeSocket implements WebSocketLike {
  onopen: WebSocketLike['onopen'] = null;
  onmessage: WebSocketLike['onmessage'] = null;
  onerror: WebSocketLike['onerror'] = null;
  onclose: WebSocketLike['onclose'] = null;
  onText: (text: string) => void = () => undefined;
  onEnd: () => void = () => undefined;
  #isOver = false;

  constructor(accept: (socket: FakeSocket) => void) {
    soon(() => {
      if (!this.#isOver) accept(this);
    });
  }

  send(data: string): void {
    soon(() => {
      if (!this.#isOver) this.onText(data);
    });
  }

  close(code = 1005, reason = ''): void {
    this.end(code, reason);
  }

  opened(): void {
    soon(() => this.onopen?.({} as never));
  }

  deliver(data: string): void {
    soon(() => this.onmessage?.({ data } as never));
  }

  end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.onEnd();
    soon(() => this.onclose?.({ code, reason } as never));
  }
}

/**
 * Runs in a later microtask, before any timer. Uses a promise, because the fake timers of test runners replace
 * `queueMicrotask`.
 */
function soon(work: () => void): void {
  void Promise.resolve().then(work);
}
