import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import type {
  HistoryRange,
  HistoryReason,
  RealtimeStreamTypes,
  ServerFrame,
  StateData,
  StreamItem,
  StreamResult,
} from '../../protocol/index.js';
import { describeMatcher, matches, type DataOf, type Matcher } from './matcher.js';
import { shorten, TestConnection } from './test-connection.js';
import { TestLive } from './test-live.js';
import { TestStream } from './test-stream.js';

/** An event frame as received. */
export type EventFrame<D = unknown> = Omit<Extract<ServerFrame, { type: 'event' }>, 'data'> & { readonly data: D };

/** A page of kept events. */
export interface HistoryPage<D = unknown> {
  readonly events: readonly EventFrame<D>[];
  /** True if older events are kept: ask again with the id of the first event as `before`. */
  readonly more: boolean;
  /** Reason why there are no events. */
  readonly reason?: HistoryReason;
}

type Outcome = Extract<ServerFrame, { type: 'result' | 'error' }>;

/** Options of `call` and `expectRefused`. */
export interface TestCallOptions {
  /** Id of the call. @default a new one */
  readonly callId?: string;
}

/** The error of a refused call. */
export type Refusal = Pick<Extract<ServerFrame, { type: 'error' }>, 'code' | 'message' | 'details'>;

/** A live resource or a stream. */
interface Followed {
  readonly channel: string;
  take(frame: ServerFrame): boolean;
}

/** Context that a client gets from `RealtimeTesting`. */
export interface TestContext {
  /** Time that an expectation waits for its frame, in milliseconds. */
  readonly patienceMs: number;
  /** Lists the emits to a channel, for the message of a failure. */
  emitted(channel: string): string;
}

const DENIALS: readonly string[] = ['forbidden', 'unknown_channel', 'auth_required', 'presence_disabled'];

/** One connection of a test. Received frames are queued until an expectation takes them. */
export class TestClient {
  private readonly connection: TestConnection;
  /** Live resources and streams, by channel. They take their frames. */
  private readonly followed = new Map<string, Followed>();

  private constructor(
    /** The raw socket, for anything that this class does not offer. */
    readonly socket: WebSocket,
    private readonly context: TestContext,
  ) {
    this.connection = new TestConnection(socket, context.patienceMs, (frame) => {
      const followed = 'channel' in frame ? this.followed.get(frame.channel ?? '') : undefined;
      return followed?.take(frame) === true;
    });
  }

  /** Use `RealtimeTesting.connect`. @internal */
  static async open(url: string, token: string | undefined, context: TestContext): Promise<TestClient> {
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const client = new TestClient(new WebSocket(url, { headers, rejectUnauthorized: false }), context);
    const { socket } = client;
    const [, response] = (await Promise.race([once(socket, 'open'), once(socket, 'unexpected-response')])) as [
      unknown?,
      IncomingMessage?,
    ];
    if (response !== undefined) {
      throw new Error(`The server refused the connection with ${response.statusCode}: ${await text(response)}`);
    }
    return client;
  }

  /** All received frames, in order. */
  get frames(): readonly ServerFrame[] {
    return this.connection.frames;
  }

  /** Connection id; `undefined` before `connected`. */
  get connectionId(): string | undefined {
    return this.frames.find((frame) => frame.type === 'connected')?.connectionId;
  }

  /** True if the client is disconnected or reads nothing. */
  get isSilent(): boolean {
    return this.connection.ended !== null || this.socket.isPaused;
  }

  /** Takes the next frame of a type, or waits for it. @throws with the frames that arrived instead */
  async next<T extends ServerFrame['type']>(
    type: T,
    fits: (frame: Extract<ServerFrame, { type: T }>) => boolean = () => true,
  ): Promise<Extract<ServerFrame, { type: T }>> {
    const isIt = (frame: ServerFrame): boolean =>
      frame.type === type && fits(frame as Extract<ServerFrame, { type: T }>);
    return (await this.connection.take(isIt, `a frame of type ${type}`)) as Extract<ServerFrame, { type: T }>;
  }

  /** Sends any frame: `{ type: 'presence', channel: 'apps:created' }`. Take the reply with {@link next}. */
  send(frame: { readonly type: string; readonly [field: string]: unknown }): void {
    this.socket.send(JSON.stringify(frame));
  }

  /**
   * Subscribes to a channel, to a wildcard such as `apps:*`, or to several.
   * @param from id of the event after which it resumes, or `{ last: 10 }` for the last events first; take them with
   *   {@link expectEvent}
   * @throws if the server refuses one of them
   */
  async subscribe(
    channel: string | readonly string[],
    from?: string | { readonly lastEventId?: string; readonly last?: number },
  ): Promise<void> {
    const beginning = typeof from === 'string' ? { lastEventId: from } : from;
    for (const name of typeof channel === 'string' ? [channel] : channel) {
      const about = { type: 'subscribe', channel: name, ...beginning };
      for (const answer of await this.connection.ask(about)) {
        if (answer.type === 'error') throw new Error(`${name} was refused: ${answer.code}, ${answer.message}`);
      }
    }
  }

  /**
   * Reads a page of the kept events of a channel, oldest first: the last ones, or those before an event.
   * @throws if the server refuses it
   */
  async history<C extends string>(channel: C, range: HistoryRange = {}): Promise<HistoryPage<DataOf<C>>> {
    const [answer] = await this.connection.ask({ type: 'history', channel, ...range });
    if (answer?.type !== 'history') throw new Error(`The history of ${channel} was refused: ${JSON.stringify(answer)}`);
    return answer as HistoryPage<DataOf<C>>;
  }

  /**
   * Subscribes to a live resource, and holds its state. Its frames are not taken by `expectEvent` and `next`. Resolves before the
   * state has arrived: see `expectState`. A second call replaces what the first returned.
   * @throws if the server refuses it
   */
  async live<const C extends string>(channel: C): Promise<TestLive<StateData<C>>> {
    const followed = new TestLive<StateData<C>>(channel, this.connection);
    await this.follow(followed, { state: true });
    return followed;
  }

  /**
   * Subscribes to a stream, and reads it from its start. Its frames are not taken by `next`. A second call replaces what the
   * first returned.
   * @throws if the server refuses it
   */
  async stream<const C extends string>(
    channel: C,
  ): Promise<TestStream<StreamItem<RealtimeStreamTypes, C>, StreamResult<RealtimeStreamTypes, C>>> {
    const followed = new TestStream<StreamItem<RealtimeStreamTypes, C>, StreamResult<RealtimeStreamTypes, C>>(
      channel,
      this.connection,
    );
    await this.follow(followed, { stream: {} });
    return followed;
  }

  /** Unsubscribes from a channel. */
  async unsubscribe(channel: string): Promise<void> {
    this.followed.delete(channel);
    await this.connection.ask({ type: 'unsubscribe', channel });
  }

  /** Resolves with the next matching event of this channel. @throws with the frames that arrived instead */
  async expectEvent<C extends string>(
    channel: C,
    matcher?: Matcher<DataOf<C>, EventFrame<DataOf<C>>>,
  ): Promise<EventFrame<DataOf<C>>> {
    const isIt = isEventOf(channel, matcher);
    const expected = `an event on ${channel}${describeMatcher(matcher)}`;
    const event = await this.connection.take(isIt, expected, () => this.hint(channel, this.frames.filter(isIt).length));
    return event as EventFrame<DataOf<C>>;
  }

  /**
   * Resolves once everything that the server has sent so far has arrived, without a matching event. @throws with the
   * event
   */
  async expectNoEvent<C extends string>(
    channel?: C,
    matcher?: Matcher<DataOf<C>, EventFrame<DataOf<C>>>,
  ): Promise<void> {
    await this.connection.ask();
    const found = this.connection.unread.find(isEventOf(channel, matcher));
    if (found === undefined) return;
    const which = `${channel === undefined ? '' : ` on ${channel}`}${describeMatcher(matcher)}`;
    throw new Error(`There should be no event${which}, but there is ${shorten(found)}`);
  }

  /** Resolves with the error code with which the subscription is refused. @throws if it is not refused */
  async expectDenied(channel: string): Promise<string> {
    const answers = await this.connection.ask({ type: 'subscribe', channel });
    const refusal = answers.find((answer) => answer.type === 'error');
    if (refusal === undefined || answers.length > 1) throw new Error(`${channel} should be denied, but it was granted`);
    if (refusal.code === 'stream_required') throw new Error(`${channel} should be denied, but it was granted`);
    if (DENIALS.includes(refusal.code)) return refusal.code;
    throw new Error(`${channel} should be denied, but the answer is ${refusal.code}, ${refusal.message}`);
  }

  /**
   * Calls a command, and resolves with its output. Its events are taken with {@link expectEvent}, its progress with
   * {@link next}. `Output` is the type of the output.
   * @throws with the error if the call is refused
   */
  async call<Output = unknown>(name: string, input?: unknown, options: TestCallOptions = {}): Promise<Output> {
    const answer = await this.outcomeOf(name, input, options);
    if (answer.type === 'result') return answer.data as Output;
    const details = answer.details === undefined ? '' : ` ${JSON.stringify(answer.details)}`;
    throw new Error(`${name} was refused: ${answer.code}, ${answer.message}${details}`);
  }

  /** Resolves with the error of a call: its `code`, `message` and `details`. @throws if the call is not refused */
  async expectRefused(name: string, input?: unknown, options: TestCallOptions = {}): Promise<Refusal> {
    const answer = await this.outcomeOf(name, input, options);
    if (answer.type === 'error') return answer;
    throw new Error(`${name} should be refused, but it returned ${JSON.stringify(answer.data)}`);
  }

  /** Drops the connection without a close frame, like a lost network. */
  dropConnection(): void {
    this.socket.terminate();
  }

  /** Stops reading and answering heartbeats, like a slow or dead client. @returns a function that resumes reading */
  slowConsumer(): () => void {
    this.socket.pause();
    return () => this.socket.resume();
  }

  /** Resolves with the close code and reason once the connection has ended, no matter which side closed it. */
  async whenClosed(): Promise<string> {
    const { connection } = this;
    await connection.until(() => false);
    if (connection.ended === null) throw new Error(`Expected the end of the connection; ${connection.transcript()}`);
    return connection.ended;
  }

  /** Closes the connection and waits until it has closed. */
  async close(): Promise<void> {
    this.socket.close();
    await this.whenClosed();
  }

  private async follow(followed: Followed, target: object): Promise<void> {
    const { channel } = followed;
    this.followed.set(channel, followed);
    try {
      await this.connection.request({ type: 'subscribe', channel, ...target });
    } catch (error) {
      this.followed.delete(channel);
      throw error;
    }
  }

  /** Sends a call and waits for its outcome, which can come after the answers to later frames. */
  private async outcomeOf(name: string, data: unknown, { callId = randomUUID() }: TestCallOptions): Promise<Outcome> {
    const ref = this.connection.send({ type: 'call', name, callId, data });
    const isIt = (frame: ServerFrame): boolean =>
      (frame.type === 'result' || frame.type === 'error') && frame.ref === ref;
    return (await this.connection.take(isIt, `the outcome of ${name}`)) as Outcome;
  }

  /** @param taken number of matching events that were taken before */
  private hint(channel: string, taken: number): string {
    if (this.followed.has(channel)) {
      return `\nThis client follows ${channel}: use expectState, expectText or expectItem of what live or stream returned.`;
    }
    const isSubscribed = this.frames.some((frame) => frame.type === 'subscribed' && frame.channel === channel);
    const before =
      taken === 0 ? '' : `\n${taken} matching ${taken === 1 ? 'event was' : 'events were'} already expected before.`;
    return `${before}\n${isSubscribed ? this.context.emitted(channel) : `This client has not subscribed to ${channel}.`}`;
  }
}

function isEventOf(channel: string | undefined, matcher: unknown): (frame: ServerFrame) => boolean {
  return (frame) =>
    frame.type === 'event' && (channel ?? frame.channel) === frame.channel && matches<EventFrame>(frame, matcher);
}
