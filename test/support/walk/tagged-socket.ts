import type { WebSocketClass } from '../../../src/client/index.js';
import type { FakeRealtimeServer } from '../../../src/testing/index.js';

/** A frame, as far as it is looked at. */
export interface Frame {
  readonly type: string;
  readonly ref?: string;
  readonly code?: string;
  readonly token?: string;
  readonly channel?: string;
  readonly lastEventId?: string;
  readonly channels?: readonly { readonly channel: string; readonly lastEventId?: string }[];
  readonly user?: { readonly userId: string } | null;
}

/** When a socket receives nothing more, or is cut (`after authenticated`). */
export type Hanging = 'no' | 'at once' | 'after connected' | 'after authenticated';

/** What sockets report, and ask. */
export interface SocketHooks {
  opens(): void;
  /** How a new socket hangs. */
  hanging(): Hanging;
  /** @param as the user of its connection */
  sends(frame: Frame, as: string | null): void;
  /** @param token the last one that was sent on this socket */
  receives(frame: Frame, token: string | undefined): void;
  /** The client threw as it took a frame. */
  fails(error: unknown): void;
}

/** The sockets of a fake server; each event, and each member of a presence, is tagged with the user of its connection. */
export function taggedSockets({ WebSocket }: FakeRealtimeServer, hooks: SocketHooks): WebSocketClass {
  return class extends WebSocket {
    #token: string | undefined;
    #as: string | null = null;

    constructor(url: string, protocols?: string | string[]) {
      super(url, protocols);
      hooks.opens();
      const hanging = hooks.hanging();
      let isHung = hanging === 'at once';
      const receive = (text: string): string => {
        const frame = parse(text);
        if (frame === null) return text;
        if (frame.type === 'connected' || frame.type === 'authenticated') this.#as = frame.user?.userId ?? null;
        if (frame.type === 'connected' && hanging === 'after connected') isHung = true;
        hooks.receives(frame, this.#token);
        if (frame.type === 'event') return JSON.stringify({ ...frame, data: { as: this.#as } });
        if (frame.type === 'presence') return JSON.stringify({ ...frame, members: [{ userId: this.#as }] });
        return text;
      };
      let listener: ((event: { data: string }) => void) | null = null;
      Object.defineProperty(this, 'onmessage', {
        get: () => (event: { data: string }) => {
          if (isHung) return;
          try {
            listener?.({ data: receive(event.data) });
          } catch (error) {
            hooks.fails(error);
          }
        },
        set(given: typeof listener) {
          listener = given;
        },
      });
    }

    override send(text: string): void {
      const frame = JSON.parse(text) as Frame;
      if (frame.type === 'auth') this.#token = frame.token;
      hooks.sends(frame, this.#as);
      super.send(text);
    }
  };
}

function parse(text: string): Frame | null {
  try {
    return JSON.parse(text) as Frame | null;
  } catch {
    return null;
  }
}
