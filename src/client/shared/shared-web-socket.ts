import type { WebSocketClass, WebSocketLike } from '../web-socket.js';
import type { ToPorts } from './messages.js';
import type { Locks } from './leadership.js';
import { Tab, type Broadcast, type Env } from './tab.js';

export interface SharedWebSocketOptions {
  /**
   * Tabs of the same origin with the same name share. The user's id belongs into it: the connection has one identity, and
   * two users who are signed in to one browser must not share. Required.
   */
  readonly name: string;
  /** What the leading tab connects with. @default the global WebSocket */
  readonly WebSocket?: WebSocketClass | undefined;
}

/**
 * One connection for all tabs of a browser: hand it to the client as its `WebSocket`.
 *
 *     createRealtimeClient({ url: '/ws', getToken, WebSocket: sharedWebSocket({ name: `user ${userId}` }) })
 *
 * One tab leads (Web Locks) and has the connection; the others reach it through it (BroadcastChannel). When the leader is
 * closed, the next in line connects, and each client resumes where it stood. Where a browser lacks or refuses one of the two, as
 * outside of secure contexts or with blocked storage, each tab has a connection of its own. The token has to be sent in band: `tokenVia` cannot be used.
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

/** The same, in a world that a test may have made. */
export function shareIn(world: Env, name: string): WebSocketClass {
  let tab: Tab | undefined;
  const join = (): Tab => (tab ??= new Tab(name, world, () => (tab = undefined)));

  return class SharedSocket implements WebSocketLike {
    /** The token has to be sent in band. */
    static readonly isShared = true;
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
      this.#tab.tell({ op: 'send', port: this.#port, text });
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
          // Nothing is wrong with the server: come back at once.
          this.onmessage?.({ data: JSON.stringify({ type: 'reconnect', afterMs: 0, timestamp: new Date() }) } as never);
          this.#end(1012, 'another tab leads now', false);
          break;
        case 'heard':
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
