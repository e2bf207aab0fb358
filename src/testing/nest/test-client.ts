import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import type { ServerFrame } from '../../protocol/index.js';
import { describeMatcher, matches, type DataOf, type Matcher } from './matcher.js';
import { Signal } from './signal.js';

/** An event as it came. */
export type EventFrame<D = unknown> = Omit<Extract<ServerFrame, { type: 'event' }>, 'data'> & { readonly data: D };

type Answer = Extract<ServerFrame, { ref?: string }>;

/** What a client is told of its surroundings. */
export interface TestContext {
  /** How long an expectation waits for its frame, in milliseconds. */
  readonly patienceMs: number;
  /** What the application emitted to a channel, for the story of a failure. */
  emitted(channel: string): string;
}

/** Frames in the story of a failure, and characters of each. */
const TOLD = 20;
const TOLD_OF_A_FRAME = 300;

const DENIALS: readonly string[] = ['forbidden', 'unknown_channel', 'auth_required', 'presence_disabled'];

/** One connection of a test. What came and was not expected yet waits to be. */
export class TestClient {
  /** Every frame that ever came, in order. */
  readonly frames: ServerFrame[] = [];
  private unread: ServerFrame[] = [];
  private ended: string | null = null;
  private refs = 0;
  private readonly signal = new Signal();

  private constructor(
    /** For what is not to be had otherwise. */
    readonly socket: WebSocket,
    private readonly context: TestContext,
  ) {
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as ServerFrame;
      this.frames.push(frame);
      this.unread.push(frame);
      this.signal.wake();
    });
    socket.on('error', () => undefined); // `close` follows
    socket.on('close', (code, reason) => {
      this.ended = `${code} ${reason.toString()}`.trim();
      this.signal.wake();
    });
  }

  /** Use `RealtimeTesting.connect`. @internal */
  static async open(url: string, token: string | undefined, surroundings: TestContext): Promise<TestClient> {
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const client = new TestClient(new WebSocket(url, { headers, rejectUnauthorized: false }), surroundings);
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

  /** What the server calls it; `undefined` until `connected` came. */
  get connectionId(): string | undefined {
    return this.frames.find((frame) => frame.type === 'connected')?.connectionId;
  }

  /** Whether it shows no sign of life: it is gone, or reads nothing. */
  get isSilent(): boolean {
    return this.ended !== null || this.socket.isPaused;
  }

  /** Takes the next frame of a type, or waits for it. @throws with what came instead */
  async next<T extends ServerFrame['type']>(
    type: T,
    fits: (frame: Extract<ServerFrame, { type: T }>) => boolean = () => true,
  ): Promise<Extract<ServerFrame, { type: T }>> {
    const isIt = (frame: ServerFrame): boolean =>
      frame.type === type && fits(frame as Extract<ServerFrame, { type: T }>);
    return (await this.take(isIt, `a frame of type ${type}`)) as Extract<ServerFrame, { type: T }>;
  }

  /** Sends any frame: `{ type: 'presence', channel: 'apps:created' }`. Take what is answered with {@link next}. */
  send(frame: { readonly type: string; readonly [field: string]: unknown }): void {
    this.socket.send(JSON.stringify(frame));
  }

  /** Subscribes to a channel, to a group such as `apps:*`, or to several. @throws where the server refuses any of it */
  async subscribe(channel: string | readonly string[], lastEventId?: string): Promise<void> {
    for (const name of typeof channel === 'string' ? [channel] : channel) {
      const about = { type: 'subscribe', channel: name, ...(lastEventId === undefined ? {} : { lastEventId }) };
      for (const answer of await this.ask(about)) {
        if (answer.type === 'error') throw new Error(`${name} was refused: ${answer.code}, ${answer.message}`);
      }
    }
  }

  /** Ends a subscription. */
  async unsubscribe(channel: string): Promise<void> {
    await this.ask({ type: 'unsubscribe', channel });
  }

  /** Resolves with the next event of this channel that matches. @throws with what came instead */
  async expectEvent<C extends string>(
    channel: C,
    matcher?: Matcher<DataOf<C>, EventFrame<DataOf<C>>>,
  ): Promise<EventFrame<DataOf<C>>> {
    const isIt = isEventOf(channel, matcher);
    const expected = `an event on ${channel}${describeMatcher(matcher)}`;
    const event = await this.take(isIt, expected, () => this.hint(channel, this.frames.filter(isIt).length));
    return event as EventFrame<DataOf<C>>;
  }

  /** Resolves when everything that the server has sent so far is here, and no such event is among it. @throws with the event */
  async expectNoEvent<C extends string>(
    channel?: C,
    matcher?: Matcher<DataOf<C>, EventFrame<DataOf<C>>>,
  ): Promise<void> {
    await this.ask();
    const found = this.unread.find(isEventOf(channel, matcher));
    if (found === undefined) return;
    const which = `${channel === undefined ? '' : ` on ${channel}`}${describeMatcher(matcher)}`;
    throw new Error(`There should be no event${which}, but there is ${told(found)}`);
  }

  /** Resolves with the code by which subscribing is refused. @throws where it is not */
  async expectDenied(channel: string): Promise<string> {
    const answers = await this.ask({ type: 'subscribe', channel });
    const refusal = answers.find((answer) => answer.type === 'error');
    if (refusal === undefined || answers.length > 1) throw new Error(`${channel} should be denied, but it was granted`);
    if (DENIALS.includes(refusal.code)) return refusal.code;
    throw new Error(`${channel} should be denied, but the answer is ${refusal.code}, ${refusal.message}`);
  }

  /** Cuts the line without a word, as a lost network does. */
  dropConnection(): void {
    this.socket.terminate();
  }

  /** Reads no more and answers no heartbeat, as one that is too slow or whose peer is gone. @returns reads on */
  slowConsumer(): () => void {
    this.socket.pause();
    return () => this.socket.resume();
  }

  /** Resolves with the code and the reason once the connection is gone, whoever ended it. */
  async whenClosed(): Promise<string> {
    await this.signal.until(() => this.ended !== null, this.context.patienceMs);
    if (this.ended === null) throw new Error(`Expected the end of the connection; ${this.transcript()}`);
    return this.ended;
  }

  /** Ends the connection, and waits for that. */
  async close(): Promise<void> {
    this.socket.close();
    await this.whenClosed();
  }

  /** Sends a request, and takes all that it is answered: requests are handled in order, so the pong comes last. */
  private async ask(request?: object): Promise<Answer[]> {
    this.refs += 1;
    const ref = `test-${this.refs}`;
    if (request !== undefined) this.socket.send(JSON.stringify({ ...request, ref }));
    this.socket.send(JSON.stringify({ type: 'ping', ref }));
    const isOurs = (frame: ServerFrame): frame is Answer => 'ref' in frame && frame.ref === ref;
    const isEnd = (frame: ServerFrame): boolean => frame.type === 'pong' && isOurs(frame);
    await this.take(isEnd, `an answer to ${JSON.stringify(request ?? { type: 'ping' })}`);
    const answers = this.unread.filter(isOurs);
    this.unread = this.unread.filter((frame) => !isOurs(frame));
    return answers;
  }

  /** @param hint what else may explain that it did not come */
  private async take(isIt: (frame: ServerFrame) => boolean, expected: string, hint = () => ''): Promise<ServerFrame> {
    const { patienceMs } = this.context;
    await this.signal.until(() => this.ended !== null || this.unread.some(isIt), patienceMs);
    const frame = this.unread.find(isIt);
    if (frame === undefined) throw new Error(`Expected ${expected}; ${this.transcript()}${hint()}`);
    this.unread = this.unread.filter((other) => other !== frame);
    return frame;
  }

  /** @param taken how many such events came, all of them taken already */
  private hint(channel: string, taken: number): string {
    const isSubscribed = this.frames.some((frame) => frame.type === 'subscribed' && frame.channel === channel);
    const before =
      taken === 0 ? '' : `\n${taken} such came before, and ${taken === 1 ? 'was' : 'were'} expected already.`;
    return `${before}\n${isSubscribed ? this.context.emitted(channel) : `This client has not subscribed to ${channel}.`}`;
  }

  private transcript(): string {
    const frames = this.unread.slice(-TOLD).map((frame) => `\n  ${told(frame)}`);
    const end = this.ended === null ? '' : ` The connection ended: ${this.ended}.`;
    return `${frames.length === 0 ? 'nothing else came.' : `what came instead:${frames.join('')}`}${end}`;
  }
}

function isEventOf(channel: string | undefined, matcher: unknown): (frame: ServerFrame) => boolean {
  return (frame) =>
    frame.type === 'event' && (channel ?? frame.channel) === frame.channel && matches<EventFrame>(frame, matcher);
}

function told(frame: ServerFrame): string {
  return JSON.stringify(frame).slice(0, TOLD_OF_A_FRAME);
}
