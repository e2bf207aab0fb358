import type { WebSocketClass, WebSocketLike } from '../../../src/client/index.js';

/** Wraps a WebSocket class to report sockets that open twice. */
export function opensOnce(WebSocket: WebSocketClass, report: (problem: string) => void): WebSocketClass {
  const Watched = class extends WebSocket {
    constructor(url: string, protocols?: string | string[]) {
      super(url, protocols);
      let isOpen = false;
      let listener: WebSocketLike['onopen'] = null;
      Object.defineProperty(this, 'onopen', {
        get: () => (event: never) => {
          if (isOpen) report('a socket opens twice');
          isOpen = true;
          listener?.(event);
        },
        set(given: typeof listener) {
          listener = given;
        },
      });
    }
  };
  return Watched;
}
