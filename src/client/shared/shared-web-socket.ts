import type { WebSocketClass, WebSocketLike } from '../web-socket.js';
import type { ToPorts } from './messages.js';
import type { Locks } from './leadership.js';
import { Tab, type Broadcast, type Env } from './tab.js';

export interface SharedWebSocketOptions {
  /**
   * Tabs of the same origin with the same name share a connection. Include the user id: the connection has one
   * identity, and two users who are signed in to one browser must not share it. Required.
   */
  readonly name: string;
  /** WebSocket implementation of the leading tab. @default the global WebSocket */
  readonly WebSocket?: WebSocketClass | undefined;
}

/**
 * Creates a WebSocket class that shares one connection between all tabs of a browser: pass it to the client as its
 * `WebSocket`.
 *
 *     createRealtimeClient({ url: '/ws', getToken, WebSocket: sharedWebSocket({ name: `user ${userId}` }) })
 *
 * One tab leads (Web Locks) and has the connection; the others use it through BroadcastChannel. When the leader is
 * closed, the next tab connects, and each client resumes from its position. If a browser lacks or refuses one of the
 * two APIs, as outside of secure contexts or with blocked storage, each tab has a separate connection. The token must
 * be sent in band: `tokenVia` cannot be used.
 */
export function sharedWebSocket({ name, WebSocket }: SharedWebSocketOptions): WebSocketClass {
  const here = globalThis as {
    WebSocket?: WebSocketClass;
    BroadcastChannel?: new (name: string) => Broadcast;
    navigator?: { locks?: Locks };
  };
  const Class = WebSocket ?? here.WebSocket;
  const { BroadcastChannel, navigator } = here;
  if (Class === undefined) throw new TypeError('sharedWebSocket: there is no global WebSocket here, pass one');
  if (BroadcastChannel === undefined || navigator?.locks === undefined) return Class;
  return shareIn({ BroadcastChannel, locks: navigator.locks, WebSocket: Class }, `realtime ${name}`);
}

/** The same for a given environment, which tests provide. */
export function shareIn(world: Env, name: string): WebSocketClass {
  let tab: Tab | undefined;
  const join = (): Tab => (tab ??= new Tab(name, world, () => (tab = undefined)));

  return class SharedSocket implements WebSocketLike {
    /** The token must be sent in band. */
    static readonly isShared = true;
    /** Returns the same class over another transport of the leading tab. */
    static over(wrap: (WebSocket: WebSocketClass) => WebSocketClass): WebSocketClass {
      return shareIn({ ...world, WebSocket: wrap(world.WebSocket) }, name);
    }

    onopen: WebSocketLike['onopen'] = null;
    onmessage: WebSocketLike['onmessage'] = null;
    onerror: WebSocketLike['onerror'] = null;
    onclose: WebSocketLike['onclose'] = null;
    isAnonymous = false;
    readonly #tab = join();
    readonly #port: string;
    readonly #dial: () => void;
    #isOpen = false;
    #isOver = false;

    constructor(url: string, protocols: string | string[] = []) {
      this.#port = this.#tab.add(this);
      this.#dial = () => this.#tab.open(this.#port, url, typeof protocols === 'string' ? [protocols] : protocols, this);
      this.#dial();
    }

    send(text: string): void {
      this.#tab.sendToLeader({ op: 'send', port: this.#port, text });
    }

    close(code = 1005, reason = ''): void {
      this.#end(code, reason, true);
    }

    take(message: ToPorts): void {
      if (this.#isOver) return;
      switch (message.op) {
        case 'opened':
          this.#isOpen = true;
          this.onopen?.({} as never);
          break;
        case 'message':
          if (this.#isOpen) this.onmessage?.({ data: message.text } as never);
          break;
        case 'closed':
          this.#end(message.code, message.reason, false);
          break;
        case 'leads':
          if (!this.#isOpen) return this.#dial();
          // The server works, so reconnect at once.
          this.onmessage?.({ data: JSON.stringify({ type: 'reconnect', afterMs: 0, timestamp: new Date() }) } as never);
          this.#end(1012, 'another tab leads now', false);
          break;
        case 'accepted':
      }
    }

    #end(code: number, reason: string, isOurs: boolean): void {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#tab.remove(this.#port, isOurs);
      void Promise.resolve().then(() => this.onclose?.({ code, reason } as never));
    }
  };
}
