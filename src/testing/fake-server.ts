import type { WebSocketClass, WebSocketLike } from '../client/index.js';
import type { ChannelName, ErrorCode, EventData, Unstamped, User } from '../protocol/index.js';
import { FakeChannel } from './fake-channel.js';
import { FakeConnection, type FakeEnv } from './fake-connection.js';

/** The user of a token, or the error code. */
export type FakeIdentity = { readonly user: User; readonly expiresInMs?: number } | 'token_invalid' | 'token_expired';

export interface FakeServerOptions {
  /** What `connected` says, in milliseconds. @default 30000 */
  readonly heartbeatMs?: number;
  /** Whether a connection without a token may be used. @default true */
  readonly anonymous?: boolean;
  /** Events kept of each channel; 0 for channels without history. @default 100 */
  readonly historySize?: number;
  /** What `authorizedChannels` is drawn from, and `apps:*` stands for. Others can be subscribed to as well. @default [] */
  readonly channels?: readonly string[];
  /** Whose a token is. @default the token is the id of a plain user, and does not end */
  readonly identify?: (token: string) => FakeIdentity;
  /** Why somebody may not have a channel; `null` where they may. @default null */
  readonly refuse?: (channel: string, user: User | null) => ErrorCode | null;
}

/**
 * A realtime server in memory, for tests of what is built on the client: it speaks the protocol (by the server's own codec),
 * keeps history and resumes, and breaks when it is told to. Nothing listens on a port, and nothing arrives in the same step:
 *
 *     const server = new FakeRealtimeServer();
 *     const client = createRealtimeClient({ url: 'ws://fake/ws', WebSocket: server.WebSocket });
 *     server.publish('apps:created', { id: '1', name: 'shop' });
 *
 * It has no Redis, no rate limits, no presence and no `stats`.
 */
export class FakeRealtimeServer {
  /** Hand it to the client as its `WebSocket`. */
  readonly WebSocket: WebSocketClass;
  /** While true, nobody can connect (1006). */
  isDown = false;
  /** Every connection that there ever was, oldest first. */
  readonly connections: FakeConnection[] = [];
  // connection → its socket
  readonly #open = new Map<FakeConnection, FakeSocket>();
  readonly #channels = new Map<string, FakeChannel>();

  constructor(private readonly options: FakeServerOptions = {}) {
    const accept = (socket: FakeSocket, url: string, protocols: readonly string[]): void =>
      this.#accept(socket, url, protocols);
    this.WebSocket = class extends FakeSocket {
      constructor(url: string, protocols: string | string[] = []) {
        super((socket) => accept(socket, url, typeof protocols === 'string' ? [protocols] : protocols));
      }
    };
  }

  /** The connections that are open. */
  get open(): FakeConnection[] {
    return [...this.#open.keys()];
  }

  /** Emits an event. @returns its id; `undefined` without history */
  publish<C extends ChannelName>(channel: C, data: EventData<C>): string | undefined {
    const known = this.#channel(channel);
    const text = known.append(data, new Date().toISOString());
    for (const connection of this.#open.keys()) if (connection.subscriptions.has(channel)) connection.sendText(text);
    return known.lastEventId;
  }

  /** Sends every connection a frame, whatever it is. */
  send(frame: Unstamped): void {
    for (const connection of this.#open.keys()) connection.send(frame);
  }

  /** Breaks every connection, without a word (1006). */
  cut(): void {
    this.close(1006);
  }

  /** Closes every connection. */
  close(code: number, reason = ''): void {
    for (const connection of this.open) connection.close(code, reason);
  }

  /** From now on every connection hears nothing and is not heard, and does not know. */
  silence(): void {
    for (const connection of this.#open.keys()) connection.isSilent = true;
  }

  /** Loses the history of a channel. */
  forget(channel: string): void {
    this.#channel(channel).forget();
  }

  #channel(name: string): FakeChannel {
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      channel = new FakeChannel(name, this.options.historySize ?? 100);
      this.#channels.set(name, channel);
    }
    return channel;
  }

  #accept(socket: FakeSocket, url: string, protocols: readonly string[]): void {
    if (this.isDown) return socket.end(1006, '');
    const { heartbeatMs = 30_000, anonymous = true, channels = [], identify = asUser, refuse } = this.options;
    const world: FakeEnv = {
      heartbeatMs,
      anonymous,
      identify,
      channel: (name) => this.#channel(name),
      channelNames: () => [...channels],
      refusal: (channel, user) => refuse?.(channel, user) ?? null,
    };
    const wire = {
      send: (text: string) => socket.deliver(text),
      close: (code: number, reason: string) => socket.end(code, reason),
    };
    const connection = new FakeConnection(wire, world, `fake-${this.connections.length + 1}`);
    this.connections.push(connection);
    this.#open.set(connection, socket);
    socket.onEnd = () => {
      this.#open.delete(connection);
      connection.ended();
    };
    socket.onText = (text) => connection.take(text);
    socket.opened();
    const offered = protocols.find((protocol) => protocol.startsWith('token-'))?.slice('token-'.length);
    const inUrl = /[?&]token=([^&]*)/.exec(url)?.[1];
    connection.open(offered ?? (inUrl === undefined ? null : decodeURIComponent(inUrl)));
  }
}

/** Both ends of a socket: what a client sees of it, and below that what the fake server does with it. */
class FakeSocket implements WebSocketLike {
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

/** In a later step, but before any timer; by a promise, for test runners replace `queueMicrotask` by their own clock's. */
function soon(work: () => void): void {
  void Promise.resolve().then(work);
}

function asUser(token: string): FakeIdentity {
  return { user: { userId: token, email: null, role: 'user' } };
}
