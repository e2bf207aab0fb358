import type { WebSocketClass } from '../../../src/client/index.js';
import { BOARDS, type Board } from './content-record.js';
import type { FakeRealtimeServer } from '../../../src/testing/index.js';

/** The fields of a frame that the hooks read. */
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

/** When a socket stops receiving, or is cut (`after authenticated`). */
export type Hanging = 'no' | 'at once' | 'after connected' | 'after authenticated';

/** Callbacks of the sockets. */
export interface SocketHooks {
  opens(): void;
  /** Returns how a new socket hangs. */
  hanging(): Hanging;
  /** @param as user of the socket's connection */
  sends(frame: Frame, as: string | null): void;
  /** @param token last token sent on this socket */
  receives(frame: Frame, token: string | undefined): void;
  /** Called if the client throws while handling a frame. */
  fails(error: unknown): void;
}

/** Wraps the sockets of a fake server: tags each event and presence member with the user of its connection. */
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
        // The data of a live resource are patches.
        if (frame.type === 'event' && !BOARDS.includes(frame.channel as Board))
          return JSON.stringify({ ...frame, data: { as: this.#as } });
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
