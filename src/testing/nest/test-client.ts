import { once } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import { WebSocket } from 'ws';
import type { ServerFrame } from '../../protocol/index.js';

/** An event as it came. */
export type EventFrame = Extract<ServerFrame, { type: 'event' }>;
/** What an event must be: its data has these fields, or the function says yes. */
export type Matcher = object | ((event: EventFrame) => boolean);

type Answer = Extract<ServerFrame, { type: 'subscribed' | 'error' }>;

/** Characters of a frame in the story of a failure. */
const TOLD_OF_A_FRAME = 300;

const DENIALS: readonly string[] = ['forbidden', 'unknown_channel', 'auth_required', 'presence_disabled'];

/** One connection of a test. What came and was not expected yet waits to be. */
export class TestClient {
  /** Every frame that ever came, in order. */
  readonly frames: ServerFrame[] = [];
  private untaken: ServerFrame[] = [];
  private ended: string | null = null;
  private refs = 0;
  private readonly news = new Set<() => void>();

  private constructor(
    /** For what is not to be had otherwise. */
    readonly socket: WebSocket,
    private readonly patienceMs: number,
  ) {
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as ServerFrame;
      this.frames.push(frame);
      this.untaken.push(frame);
      this.wake();
    });
    socket.on('error', () => undefined); // `close` follows
    socket.on('close', (code, reason) => {
      this.ended = `${code} ${reason.toString()}`;
      this.wake();
    });
  }

  /** @param patienceMs how long an expectation waits for its frame */
  static async open(url: string, token: string | undefined, patienceMs: number): Promise<TestClient> {
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const client = new TestClient(new WebSocket(url, { headers, rejectUnauthorized: false }), patienceMs);
    await once(client.socket, 'open');
    return client;
  }

  /** Takes the next frame of a type, or waits for it. @throws with what came instead */
  async next<T extends ServerFrame['type']>(
    type: T,
    fits: (frame: Extract<ServerFrame, { type: T }>) => boolean = () => true,
  ): Promise<Extract<ServerFrame, { type: T }>> {
    const isIt = (frame: ServerFrame): boolean =>
      frame.type === type && fits(frame as Extract<ServerFrame, { type: T }>);
    return (await this.take(isIt, type)) as Extract<ServerFrame, { type: T }>;
  }

  /** Subscribes. @throws where the server refuses it */
  async subscribe(channel: string, lastEventId?: string): Promise<void> {
    const answer = await this.ask({
      type: 'subscribe',
      channel,
      ...(lastEventId === undefined ? {} : { lastEventId }),
    });
    if (answer.type === 'error') throw new Error(`${channel} was refused: ${answer.code}, ${answer.message}`);
  }

  /** Resolves with the next event of this channel that matches. @throws with what came instead */
  expectEvent(channel: string, matcher: Matcher = {}): Promise<EventFrame> {
    return this.next('event', (event) => event.channel === channel && matches(event, matcher));
  }

  /** Resolves when everything that the server has sent so far is here, and no such event is among it. */
  async expectNoEvent(channel?: string, matcher: Matcher = {}): Promise<void> {
    await this.ask({ type: 'ping' });
    const found = this.untaken.find(
      (frame) =>
        frame.type === 'event' && (channel === undefined || frame.channel === channel) && matches(frame, matcher),
    );
    if (found !== undefined) throw new Error(`There should be no such event, but there is ${JSON.stringify(found)}`);
  }

  /** Resolves with the code by which subscribing is refused. @throws where it is not */
  async expectDenied(channel: string): Promise<string> {
    const answer = await this.ask({ type: 'subscribe', channel });
    if (answer.type !== 'error') throw new Error(`${channel} should be denied, but it was granted`);
    if (!DENIALS.includes(answer.code))
      throw new Error(`${channel} should be denied, but the answer is ${answer.code}`);
    return answer.code;
  }

  /** Cuts the line without a word, as a lost network does. */
  dropConnection(): void {
    this.socket.terminate();
  }

  /** Reads no more, as one that is too slow. @returns reads on */
  slowConsumer(): () => void {
    this.socket.pause();
    return () => this.socket.resume();
  }

  /** Resolves with the code and the reason once the connection is gone, whoever ended it. */
  async whenClosed(): Promise<string> {
    await this.until(() => this.ended !== null, 'the end of the connection');
    return this.ended!;
  }

  /** Ends the connection, and waits for that. */
  async close(): Promise<void> {
    this.socket.close();
    await this.whenClosed();
  }

  private async ask(request: object): Promise<Answer> {
    this.refs += 1;
    const ref = `test-${this.refs}`;
    this.socket.send(JSON.stringify({ ...request, ref }));
    return (await this.take((frame) => 'ref' in frame && frame.ref === ref, JSON.stringify(request))) as Answer;
  }

  private async take(isIt: (frame: ServerFrame) => boolean, what: string): Promise<ServerFrame> {
    await this.until(() => this.untaken.some(isIt), what);
    const frame = this.untaken.find(isIt)!;
    this.untaken = this.untaken.filter((other) => other !== frame);
    return frame;
  }

  private async until(isSo: () => boolean, what: string): Promise<void> {
    const endsAt = performance.now() + this.patienceMs;
    while (!isSo()) {
      const left = endsAt - performance.now();
      if (left <= 0 || this.ended !== null) throw new Error(`Expected ${what}; ${this.story()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.news.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  private wake(): void {
    for (const resolve of this.news) resolve();
    this.news.clear();
  }

  private story(): string {
    const frames = this.untaken.map((frame) => `\n  ${JSON.stringify(frame).slice(0, TOLD_OF_A_FRAME)}`).join('');
    const end = this.ended === null ? '' : ` The connection ended: ${this.ended}.`;
    return `${frames === '' ? 'nothing else came.' : `what came instead:${frames}`}${end}`;
  }
}

function matches(event: EventFrame, matcher: Matcher): boolean {
  if (typeof matcher === 'function') return (matcher as (event: EventFrame) => boolean)(event);
  return Object.entries(matcher).every(([name, value]) =>
    isDeepStrictEqual((event.data as Readonly<Record<string, unknown>> | null)?.[name], value),
  );
}
