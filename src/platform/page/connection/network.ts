import type { WebSocketClass, WebSocketLike } from '../../../client/index.js';

/** Code with which a browser reports a connection that was lost. */
const LOST = { code: 1006, reason: '' };

/** The network between the page and the server, with a switch: the page can cut its own connection. */
export interface Network {
  /** Class of the client's sockets. */
  readonly WebSocket: WebSocketClass;
  /** Drops every open connection. Attempts to connect fail until {@link restore}. */
  cut(): void;
  restore(): void;
}

type Handler = ((event: never) => void) | null;

/** @param Native class of the sockets that carry the data */
export function createNetwork(Native: WebSocketClass): Network {
  const open = new Set<SwitchedSocket>();
  let isCut = false;

  class SwitchedSocket implements WebSocketLike {
    onopen: Handler = null;
    onmessage: Handler = null;
    onerror: Handler = null;
    onclose: Handler = null;
    private readonly socket: WebSocketLike | null = null;

    constructor(url: string, protocols?: string | string[]) {
      open.add(this);
      if (isCut) {
        setTimeout(() => this.lose()); // as in a browser, the handlers are set first
        return;
      }
      const socket = new Native(url, protocols);
      socket.onopen = (event) => this.onopen?.(event);
      socket.onmessage = (event) => this.onmessage?.(event);
      socket.onerror = (event) => this.onerror?.(event);
      socket.onclose = (event) => {
        open.delete(this);
        this.onclose?.(event);
      };
      this.socket = socket;
    }

    send(data: string): void {
      this.socket?.send(data);
    }

    close(code?: number, reason?: string): void {
      open.delete(this);
      this.socket?.close(code, reason);
    }

    /** Drops the connection: no frame arrives afterwards. */
    lose(): void {
      if (!open.delete(this)) return;
      if (this.socket !== null) {
        Object.assign(this.socket, { onopen: null, onmessage: null, onerror: null, onclose: null });
        this.socket.close();
      }
      this.onclose?.(LOST as never);
    }
  }

  return {
    WebSocket: SwitchedSocket,
    cut: () => {
      isCut = true;
      for (const socket of [...open]) socket.lose();
    },
    restore: () => {
      isCut = false;
    },
  };
}
