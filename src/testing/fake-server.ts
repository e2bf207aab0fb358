import type { WebSocketClass } from '../client/index.js';
import {
  isStateReload,
  matchPattern,
  type ChannelName,
  type ErrorCode,
  type EventData,
  type RealtimeStreamTypes,
  type StreamItem,
  type StreamResult,
  type Unstamped,
  type User,
} from '../protocol/index.js';
import { FakeChannel, type Marks } from './fake-channel.js';
import { FakeCommands, type FakeHandlers } from './fake-commands.js';
import { FakeConnection } from './fake-connection.js';
import type { FakeEnv, FakeOwner } from './fake-env.js';
import { FakeStates } from './fake-states.js';
import { FakeSocket } from './fake-socket.js';
import { FakeStream, type FakeStreamOptions, type FakeStreamWriter } from './fake-stream.js';

/** The owner of a token or ticket, or an error code. */
export type FakeIdentity = FakeOwner | 'token_invalid' | 'token_expired';

/** Returns the owner of a share link, for {@link FakeServerOptions.identify}: a guest without a user, limited to these channels. */
export function asGuest(channels: readonly string[], expiresInMs = Infinity): FakeOwner {
  return { user: null, limitedTo: channels, expiresInMs };
}

/** Number of events that a channel keeps. */
const DEFAULT_HISTORY = 100;

export interface FakeServerOptions {
  /** Heartbeat interval that `connected` reports, in milliseconds. @default 30000 */
  readonly heartbeatMs?: number;
  /** Allows connections without a token. @default true */
  readonly anonymous?: boolean;
  /** Number of events to keep per channel; 0 for channels without history. @default 100 */
  readonly historySize?: number;
  /**
   * Channels that `authorizedChannels` lists and that wildcards such as `apps:*` match. Other channels can be
   * subscribed to as well. @default []
   */
  readonly channels?: readonly string[];
  /** Returns the owner of a token, or of a ticket in the URL; {@link asGuest} for a share link. @default the token is the id of a user with the role `user`, and does not expire */
  readonly identify?: (token: string) => FakeIdentity;
  /** Returns the error code for a channel that a user cannot use; `null` if the user can. @default null */
  readonly refuse?: (channel: string, user: User | null) => ErrorCode | null;
  /** Returns the channels to which a user is subscribed from the start. @default none */
  readonly autoSubscribe?: (user: User | null) => readonly string[];
  /** Commands by name. @default none */
  readonly commands?: FakeHandlers;
  /** Time for which the server keeps the outcomes of calls, in milliseconds. @default 60000 */
  readonly commandWindowMs?: number;
  /** Channels and patterns that are streams, such as `deployments:{id}:log`. @default none */
  readonly streams?: readonly string[];
  /** Returns the error code for a user who cannot cancel a stream; `null` if the user can. @default null */
  readonly refuseCancel?: (channel: string, user: User | null) => ErrorCode | null;
}

/**
 * A realtime server in memory, for tests of code that uses the client. It uses the server's codec, keeps history,
 * supports resume, and fails on demand. It opens no port, and every frame arrives asynchronously:
 *
 *     const server = new FakeRealtimeServer();
 *     const client = createRealtimeClient({ url: 'ws://fake/ws', WebSocket: server.WebSocket });
 *     server.publish('apps:created', { id: '1', name: 'shop' });
 *
 * It has no Redis, no rate limits and no `stats`. It accepts presence updates (`received`), but lists no members: send
 * `presence` and `presence_diff` with {@link send}.
 */
export class FakeRealtimeServer {
  /** Pass it to the client as the option `WebSocket`. */
  readonly WebSocket: WebSocketClass;
  /** While true, connection attempts fail (1006). */
  isDown = false;
  /** All connections since the start, oldest first. */
  readonly connections: FakeConnection[] = [];
  // connection → its socket
  readonly #open = new Map<FakeConnection, FakeSocket>();
  readonly #channels = new Map<string, FakeChannel>();
  readonly #streams = new Map<string, FakeStream>();
  readonly #commands: FakeCommands | undefined;
  /** The live resources of the server. */
  readonly states = new FakeStates({
    publish: (channel, data) => void this.#publish(channel, data, {}),
    position: (channel) => this.#channel(channel).lastEventId ?? '',
    subscribers: (channel) => this.open.filter(({ stateChannels }) => stateChannels.has(channel)),
  });

  constructor(private readonly options: FakeServerOptions = {}) {
    const accept = (socket: FakeSocket, url: string, protocols: readonly string[]): void =>
      this.#accept(socket, url, protocols);
    this.WebSocket = class extends FakeSocket {
      constructor(url: string, protocols: string | string[] = []) {
        super((socket) => accept(socket, url, typeof protocols === 'string' ? [protocols] : protocols));
      }
    };
    const { commands, commandWindowMs = 60_000 } = options;
    this.#commands =
      commands &&
      new FakeCommands(commands, commandWindowMs, {
        publish: (channel, data, cause) => this.#publish(channel, data, { cause }),
        hasHistory: (channel) => this.#channel(channel).lastEventId !== undefined,
      });
  }

  /** The open connections. */
  get open(): FakeConnection[] {
    return [...this.#open.keys()];
  }

  /**
   * Publishes an event.
   * @param options `except`: the `connectionId` of a client that does not receive it, live or in a replay
   * @returns its id; `undefined` without history
   */
  publish<C extends ChannelName>(
    channel: C,
    data: EventData<C>,
    { except }: { readonly except?: string | undefined } = {},
  ): string | undefined {
    return this.#publish(channel, data, { except });
  }

  #publish(channel: string, data: unknown, marks: Marks): string | undefined {
    const { except } = marks;
    const known = this.#channel(channel);
    const text = known.append(data, new Date().toISOString(), marks);
    const isReload = isStateReload(data);
    for (const connection of this.#open.keys()) {
      const isExcluded = except !== undefined && [connection.id, connection.earlierId].includes(except);
      if (!connection.subscriptions.has(channel) || isExcluded) continue;
      if (isReload && connection.stateChannels.has(channel)) this.states.sendTo(connection, channel);
      else connection.sendText(text);
    }
    return known.lastEventId;
  }

  /** Returns the id of the last event of a channel; `undefined` without history. */
  lastEventId(channel: string): string | undefined {
    return this.#channel(channel).lastEventId;
  }

  /** Subscribes every connection of a user, like `RealtimeControl.subscribe`; connections that open later do not get it. */
  subscribe(userId: string, channel: string): void {
    for (const connection of this.#open.keys()) if (connection.user?.userId === userId) connection.subscribe(channel);
  }

  /** Ends the subscription of every connection of a user, like `RealtimeControl.unsubscribe`. */
  unsubscribe(userId: string, channel: string): void {
    for (const connection of this.#open.keys()) if (connection.user?.userId === userId) connection.unsubscribe(channel);
  }

  /** Sends any frame to every connection. */
  send(frame: Unstamped): void {
    for (const connection of this.#open.keys()) connection.send(frame);
  }

  /** Drops every connection without a close frame (1006). */
  cut(): void {
    this.close(1006);
  }

  /** Closes every connection. */
  close(code: number, reason = ''): void {
    for (const connection of this.open) connection.close(code, reason);
  }

  /** Makes every open connection silent: it stays open but receives and sends nothing. */
  silence(): void {
    for (const connection of this.#open.keys()) connection.isSilent = true;
  }

  /** Loses the history of a channel, like a server that lost its data. */
  forget(channel: string): void {
    this.#channel(channel).forget();
  }

  /** Forgets all calls of commands, like a server that lost its data. */
  forgetCalls(): void {
    this.#commands?.forget();
  }

  /**
   * Opens a stream, like `RealtimeStreams.open`.
   * @throws if the channel is not one of {@link FakeServerOptions.streams}, or its stream is open
   */
  openStream<const C extends string>(
    channel: C,
    options: FakeStreamOptions = {},
  ): FakeStreamWriter<StreamItem<RealtimeStreamTypes, C>, StreamResult<RealtimeStreamTypes, C>> {
    return this.#streamOf(channel).open(options);
  }

  /** Removes a stream, as if it had expired. */
  forgetStream(channel: string): void {
    this.#streamOf(channel).forget();
  }

  /** While paused, no reader of a stream receives anything; later each continues with what the server still keeps. */
  pauseStream(channel: string, isPaused: boolean): void {
    this.#streamOf(channel).isPaused = isPaused;
  }

  #streamOf(channel: string): FakeStream {
    const stream = this.#stream(channel);
    if (stream === undefined) throw new Error(`${channel} is not a stream: name it in the option "streams"`);
    return stream;
  }

  #stream(name: string): FakeStream | undefined {
    const { streams = [] } = this.options;
    if (!streams.some((entry) => entry === name || matchPattern(entry, name) !== null)) return undefined;
    let stream = this.#streams.get(name);
    if (stream === undefined) this.#streams.set(name, (stream = new FakeStream(name)));
    return stream;
  }

  #subscribers(channel: string): number {
    return this.open.filter(({ subscriptions }) => subscriptions.has(channel)).length;
  }

  #recount(channel: string): void {
    const count = this.#subscribers(channel);
    for (const connection of this.#open.keys()) connection.sendCount(channel, count);
  }

  #channel(name: string): FakeChannel {
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      const { historySize = DEFAULT_HISTORY } = this.options;
      // The patches of a live resource have ids.
      channel = new FakeChannel(name, historySize === 0 && this.states.has(name) ? DEFAULT_HISTORY : historySize);
      this.#channels.set(name, channel);
    }
    return channel;
  }

  #accept(socket: FakeSocket, url: string, protocols: readonly string[]): void {
    if (this.isDown) return socket.end(1006, '');
    const {
      heartbeatMs = 30_000,
      anonymous = true,
      channels = [],
      identify = asUser,
      refuse,
      autoSubscribe,
      refuseCancel,
      streams = [],
    } = this.options;
    const env: FakeEnv = {
      heartbeatMs,
      anonymous,
      commands: this.#commands,
      states: this.states,
      identify,
      channel: (name) => this.#channel(name),
      stream: (name) => this.#stream(name),
      hasStreams: streams.length > 0,
      cancelRefusal: (channel, user) => refuseCancel?.(channel, user) ?? null,
      channelNames: () => [...channels],
      autoSubscribed: (user) => autoSubscribe?.(user) ?? [],
      refusal: (channel, user) => refuse?.(channel, user) ?? null,
      subscribers: (name) => this.#subscribers(name),
      recount: (name) => this.#recount(name),
    };
    const wire = {
      send: (text: string) => socket.deliver(text),
      close: (code: number, reason: string) => socket.end(code, reason),
    };
    const connection = new FakeConnection(wire, env, `fake-${this.connections.length + 1}`);
    this.connections.push(connection);
    this.#open.set(connection, socket);
    socket.onEnd = () => {
      this.#open.delete(connection);
      connection.ended();
      for (const channel of connection.subscriptions) this.#recount(channel);
    };
    socket.onText = (text) => connection.take(text);
    socket.opened();
    const offered = protocols.find((protocol) => protocol.startsWith('token-'))?.slice('token-'.length);
    const inUrl = /[?&](?:token|ticket)=([^&]*)/.exec(url)?.[1];
    connection.open(offered ?? (inUrl === undefined ? null : decodeURIComponent(inUrl)));
  }
}

function asUser(token: string): FakeIdentity {
  return { user: { userId: token, email: null, role: 'user' } };
}
