import type { WebSocketLike } from '../client/index.js';

/** Observes the frames of a socket. An error in it has no effect on the client. */
export interface TapListener {
  received(text: string): void;
  sent(text: string): void;
}

/** One socket of the client, under control of the panel. */
export interface Tap {
  /** Delay of each frame from now on, in milliseconds. Frames that wait already stay in order. */
  delayMs: number;
  /** Ends the connection for the client like a broken network: without a close frame, and without frames that wait. */
  cut(): void;
  /** Gives the socket back to the client. Frames that wait are passed on at once. */
  release(): void;
}

/**
 * Finds the socket of a connected client: the first one that sends a frame of the client. The prototypes are only changed
 * during this call.
 * @param classes possible classes of the socket, and of sockets inside it
 * @param send makes the client send a frame
 * @returns `undefined` if the client is not connected, or uses another class
 */
export function socketOf(classes: readonly unknown[], send: () => void): WebSocketLike | undefined {
  const found: WebSocketLike[] = [];
  const undo = classes.map((one) => watchSends(one, found));
  try {
    send();
  } finally {
    for (const restore of undo.reverse()) restore();
  }
  return found[0];
}

/** Adds each socket of a class that sends to a list, until the returned function is called. */
function watchSends(WebSocketClass: unknown, found: WebSocketLike[]): () => void {
  const owner = prototypeWithSend(WebSocketClass);
  if (owner === undefined) return () => undefined;
  const original = Reflect.get(owner, 'send') as (this: WebSocketLike, text: string) => void;
  owner.send = function (this: WebSocketLike, text: string) {
    found.push(this);
    original.call(this, text);
  };
  return () => {
    owner.send = original;
  };
}

/** Returns the prototype that defines `send`: that of the class, or of a class that it extends. */
function prototypeWithSend(WebSocketClass: unknown): { send: unknown } | undefined {
  let prototype = (WebSocketClass as { prototype?: object } | undefined)?.prototype ?? null;
  while (prototype !== null && !Object.hasOwn(prototype, 'send')) {
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return (prototype as { send: unknown } | null) ?? undefined;
}

/** Passes the frames of a socket to a listener, and delays them on request. */
export function tap(socket: WebSocketLike, listener: TapListener): Tap {
  const { onmessage, onclose } = socket;
  const send = Reflect.get(socket, 'send');
  const incoming = createQueue();
  const outgoing = createQueue();
  const handle = (handler: WebSocketLike['onmessage'], event: unknown): void => handler?.call(socket, event as never);
  const observe = (report: () => void): void => {
    try {
      report();
    } catch (error) {
      globalThis.console.warn('realtime devtools', error);
    }
  };
  socket.onmessage = (event: { data: unknown }) =>
    incoming.add(taken.delayMs, () => {
      observe(() => listener.received(String(event.data)));
      handle(onmessage, event);
    });
  socket.onclose = (event) => incoming.add(taken.delayMs, () => handle(onclose, event));
  socket.send = (text) =>
    outgoing.add(taken.delayMs, () => {
      observe(() => listener.sent(text));
      send.call(socket, text);
    });
  const taken: Tap = {
    delayMs: 0,
    cut() {
      incoming.drop();
      outgoing.drop();
      handle(onclose, { code: 1006, reason: 'cut by the devtools' });
    },
    release() {
      Object.assign(socket, { onmessage, onclose });
      Reflect.deleteProperty(socket, 'send');
      outgoing.flush();
      incoming.flush();
    },
  };
  return taken;
}

/** Work that runs after a delay, in the order in which it was added. */
function createQueue() {
  const waiting: (() => void)[] = [];
  let lastAt = 0;
  const next = (): void => waiting.shift()?.();
  return {
    add(delayMs: number, work: () => void): void {
      if (delayMs === 0 && waiting.length === 0) return work();
      const now = Date.now();
      lastAt = Math.max(now + delayMs, lastAt);
      waiting.push(work);
      setTimeout(next, lastAt - now);
    },
    drop: () => void waiting.splice(0),
    flush(): void {
      while (waiting.length > 0) next();
    },
  };
}
