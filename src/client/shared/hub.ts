import type { ServerFrame, SubscribeTarget } from '../../protocol/frames.js';
import { parseFrame, problemOf } from '../check-frame.js';
import { HubChannel, type Answer } from './hub-channel.js';
import type { ToLeader, ToPorts } from './messages.js';
import type { WebSocketClass, WebSocketLike } from '../web-socket.js';

interface Request {
  readonly type: string;
  readonly ref?: string;
  readonly channel?: string;
  readonly channels?: readonly (string | SubscribeTarget)[];
  readonly lastEventId?: string;
  readonly presence?: boolean;
  /** With `presence_update` the state of the user; with `subscribe` true for the state of the channel. */
  readonly state?: unknown;
  readonly ageMs?: unknown;
}

/** Maximum number of pending requests. The oldest are dropped: some frames never get a reply. */
const MAX_ASKED = 10_000;

const ANOTHER_USER = 'another user signed in';

/**
 * The connection of all tabs, and their sockets. For the server it is one client; for each socket it acts as the
 * server: it merges subscriptions, replaces the `ref` of each request, and routes each reply to its sender.
 */
export class Hub {
  #socket: WebSocketLike | undefined;
  #isOpen = false;
  #connected: string | undefined;
  #refs = 0;
  // port → true if it is anonymous
  readonly #ports = new Map<string, boolean>();
  /** User of the connection; `null` if anonymous. */
  #user: string | null = null;
  // our ref → the sending port, its original ref, and whether it sent a token
  readonly #asked = new Map<
    string,
    { readonly port: string; readonly ref: string | undefined; readonly isAuth: boolean }
  >();
  // our ref → callback of the hub's subscribe
  readonly #subscribing = new Map<string, (answer: Answer) => void>();
  readonly #channels = new Map<string, HubChannel>();
  /** Channels to which the server subscribed the connection: every socket joins them. */
  readonly #served = new Set<string>();

  constructor(
    private readonly WebSocket: WebSocketClass,
    private readonly toPorts: (message: ToPorts) => void,
  ) {}

  take(message: ToLeader): void {
    const { port } = message;
    if (message.op === 'open') this.#enter(message);
    else if (message.op === 'leave') this.leave(port);
    else if (!this.#ports.has(port))
      this.toPorts({ op: 'closed', ports: [port], code: 1012, reason: 'another tab leads now' }); // the client would wait forever
    else this.#request(port, JSON.parse(message.text) as Request);
  }

  /** Removes a socket. */
  leave(port: string): void {
    if (!this.#ports.delete(port)) return;
    for (const channel of this.#channels.values()) channel.leave(port);
    if (this.#ports.size === 0) this.drop();
  }

  /** Ends the connection without notifying sockets. */
  drop(): void {
    const socket = this.#socket;
    this.#ports.clear();
    this.#ended(1000, '');
    socket?.close(1000);
  }

  #enter({ port, url, protocols, isAnonymous }: Extract<ToLeader, { op: 'open' }>): void {
    // A socket repeats `open` for a new leader, which may have received it already: it must not open twice.
    if (this.#ports.has(port)) return;
    // A tab that signed out must not continue as the user of the others.
    if (isAnonymous && this.#user !== null) this.#endForOtherUser();
    this.#ports.set(port, isAnonymous);
    this.toPorts({ op: 'accepted', ports: [port] });
    if (this.#socket === undefined) this.#connect(url, protocols, isAnonymous);
    else if (this.#isOpen) this.#welcome(port);
  }

  #welcome(port: string): void {
    this.toPorts({ op: 'opened', ports: [port] });
    if (this.#connected !== undefined) this.toPorts({ op: 'message', ports: [port], text: this.#connected });
    for (const channel of this.#served) this.#serve(port, channel);
  }

  #serve(port: string, channel: string): void {
    this.#channel(channel).join({ port, target: { channel }, ref: undefined, server: true });
  }

  #connect(url: string, protocols: string[], isAnonymous: boolean): void {
    const socket = protocols.length > 0 ? new this.WebSocket(url, protocols) : new this.WebSocket(url);
    this.#socket = socket;
    socket.isAnonymous = isAnonymous;
    const isOurs = (): boolean => this.#socket === socket;
    socket.onopen = () => {
      if (!isOurs()) return;
      this.#isOpen = true;
      for (const port of this.#ports.keys()) this.#welcome(port);
    };
    socket.onmessage = ({ data }: { data: unknown }) => {
      if (isOurs()) this.#received(String(data));
    };
    socket.onerror = () => undefined;
    socket.onclose = ({ code, reason }: { code: number; reason?: string }) => {
      if (isOurs()) this.#ended(code, reason ?? '');
    };
  }

  #ended(code: number, reason: string): void {
    this.#socket = undefined;
    this.#isOpen = false;
    this.#connected = undefined;
    this.#asked.clear();
    this.#channels.clear();
    this.#served.clear();
    this.#subscribing.clear();
    this.#user = null;
    if (this.#ports.size > 0) this.toPorts({ op: 'closed', ports: [...this.#ports.keys()], code, reason });
    this.#ports.clear();
  }

  /** Ends the connection because another user has signed in. Each tab then gets a new token and reconnects. */
  #endForOtherUser(): void {
    const socket = this.#socket;
    this.#ended(4401, ANOTHER_USER);
    socket?.close(1000);
  }

  /** Sets the user of the connection. Closes the sockets of anonymous tabs, which cannot share it. */
  #setUser(user: string | null): void {
    this.#user = user;
    const anonymous = [...this.#ports].filter(([, isAnonymous]) => isAnonymous).map(([port]) => port);
    if (user === null || anonymous.length === 0) return;
    for (const port of anonymous) this.leave(port);
    this.toPorts({ op: 'closed', ports: anonymous, code: 4401, reason: ANOTHER_USER });
  }

  #request(port: string, frame: Request): void {
    const targets = (frame.channels ?? (frame.channel === undefined ? [] : [frame as SubscribeTarget])).map((target) =>
      typeof target === 'string' ? { channel: target } : target,
    );
    if (frame.type === 'subscribe') {
      for (const { channel, lastEventId, presence, last, state, stream } of targets) {
        const position = { ...(lastEventId && { lastEventId }), ...(last && { last }) };
        const target = {
          channel,
          ...position,
          ...(presence && { presence }),
          ...(state && { state }),
          ...(stream && { stream }),
        };
        this.#channel(channel).join({ port, target, ref: frame.ref });
      }
    } else if (frame.type === 'unsubscribe') {
      for (const { channel } of targets) {
        this.#channel(channel).leave(port);
        this.#sendFrame([port], { type: 'unsubscribed', channel, ref: frame.ref, timestamp: new Date().toISOString() });
      }
    } else if (frame.type === 'cancel') {
      this.#send(frame); // the call itself is answered
    } else {
      this.#ask(port, frame);
      if (frame.type !== 'presence_update' || frame.state === undefined) return;
      for (const { channel } of targets) this.#channels.get(channel)?.setState(port, frame.state, frame.ageMs);
    }
  }

  #ask(port: string, frame: Request): void {
    const ref = this.#newRef();
    this.#asked.set(ref, { port, ref: frame.ref, isAuth: frame.type === 'auth' });
    if (this.#asked.size > MAX_ASKED) this.#asked.delete(this.#asked.keys().next().value!);
    this.#send({ ...frame, ref });
  }

  #received(text: string): void {
    const frame = parseFrame(text);
    // Invalid frames go to every client, which reports the problem.
    if (frame === null || problemOf(frame))
      return this.toPorts({ op: 'message', ports: [...this.#ports.keys()], text });
    const { ref, channel } = frame as { readonly ref?: string; readonly channel?: string };
    if (frame.type === 'connected' || frame.type === 'authenticated') {
      // With the id of the connection, all tabs would miss what one of them sent.
      delete (frame as { connectionId?: string }).connectionId;
      this.#setUser(frame.user?.userId ?? null);
    }
    if (frame.type === 'connected') this.#connected = JSON.stringify({ ...frame, ref: undefined });
    const own = ref === undefined ? undefined : this.#subscribing.get(ref);
    if (own !== undefined) {
      this.#subscribing.delete(ref!);
      own(frame as Answer);
      return;
    }
    const asker = ref === undefined ? undefined : this.#asked.get(ref);
    if (asker !== undefined) {
      this.#asked.delete(ref!);
      this.#sendFrame([asker.port], { ...frame, ref: asker.ref });
      if (asker.isAuth && frame.type === 'error' && frame.code === 'forbidden') this.#endForOtherUser();
      if (frame.type !== 'connected') return;
      const others = [...this.#ports.keys()].filter((port) => port !== asker.port);
      this.toPorts({ op: 'message', ports: others, text: this.#connected! });
    } else if (ref !== undefined) {
      return; // a reply to the hub itself
    } else if (frame.type === 'subscribed' && frame.server) {
      this.#served.add(frame.channel);
      for (const port of this.#ports.keys()) this.#serve(port, frame.channel);
    } else if (channel !== undefined && frame.type !== 'error') {
      if (frame.type === 'unsubscribed') this.#served.delete(channel);
      this.#channels.get(channel)?.take(frame as Extract<ServerFrame, { channel: string }>);
    } else {
      const about = frame.type === 'connected' ? this.#connected! : text;
      this.toPorts({ op: 'message', ports: [...this.#ports.keys()], text: about });
    }
  }

  #channel(name: string): HubChannel {
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      channel = new HubChannel(name, {
        subscribe: (target, answered) => {
          const ref = this.#newRef();
          this.#subscribing.set(ref, answered);
          this.#send({ type: 'subscribe', ...target, ref });
        },
        unsubscribe: (left) => this.#send({ type: 'unsubscribe', channel: left, ref: this.#newRef() }),
        update: (of, state, ageMs) =>
          this.#send({ type: 'presence_update', channel: of, state, ageMs, ref: this.#newRef() }),
        send: (ports, frame) => this.#sendFrame(ports, frame),
        release: () => {
          this.#channels.delete(name);
        },
      });
      this.#channels.set(name, channel);
    }
    return channel;
  }

  #sendFrame(ports: readonly string[], frame: object): void {
    if (ports.length > 0) this.toPorts({ op: 'message', ports, text: JSON.stringify(frame) });
  }

  #send(frame: object): void {
    if (this.#isOpen) this.#socket?.send(JSON.stringify(frame));
  }

  #newRef(): string {
    this.#refs += 1;
    return `h${this.#refs}`;
  }
}
