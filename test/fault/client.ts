import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { ServerFrame } from '../../src/protocol/frames.js';
import { secondsFromNow, signToken } from '../support/jwt.js';
import { CHANNELS, PLAIN_CHANNEL } from './channels.js';
import { Cursor } from './cursor.js';
import { Earlier, pageAnswer } from './earlier.js';
import type { ClientRecord, RunLog } from './log.js';
import type { EntryPoint, Habits } from './habits.js';
import { closeSomehow, isId, type Subscribed } from './subscribed.js';
import { Refused } from './refused.js';
import { StreamLine, streamLine, type Line } from './stream-line.js';
import type { Random } from '../support/random.js';

const HANDSHAKE_MS = 3_000;
const ANSWER_MS = 6_000;
/** Close codes after which a client reconnects. After any other code it must stay away. */
const MAY_COME_BACK = new Set([1000, 1001, 1005, 1006, 1012, 1013, 4500, 4501, 4502]);

/**
 * A real client that records everything it receives. It connects to any instance, leaves, and resumes with its last id.
 */
export class FaultClient {
  private readonly channels: Map<string, Subscribed>;
  private readonly token: string;
  private socket: Line | null = null;
  private ended = false;
  private settling = false;
  private away = false;
  private dozing = false;
  /** Earliest time of the next attempt, as a refusing server asked (`performance.now()`). */
  private notBefore = 0;
  private readonly refused: Refused<Subscribed>;
  private readonly earlier: Earlier;
  private readonly cursor = new Cursor();

  constructor(
    readonly name: string,
    channels: readonly string[],
    private readonly entryPoints: () => readonly EntryPoint[],
    private readonly log: RunLog,
    private readonly random: Random,
    private readonly habits: Habits,
  ) {
    this.channels = new Map(
      channels.map((channel) => [channel, { channel, lastEventId: null, state: 'off', askedAt: 0, asked: undefined }]),
    );
    this.refused = new Refused<Subscribed>(
      (from, to) => random.between(from, to),
      (wanted) => this.subscribe(wanted),
    );
    this.earlier = new Earlier(random.fork('earlier'));
    this.token = signToken({ sub: name, role: habits.role ?? 'user', exp: secondsFromNow(7200) });
  }

  /** Resolves after `end`. */
  async run(): Promise<void> {
    while (!this.ended) {
      const entryPoints = this.entryPoints().filter((entryPoint) => entryPoint.open);
      const mayCome = !this.away && performance.now() >= this.notBefore;
      if (entryPoints.length > 0 && mayCome) await this.visit(this.random.pick(entryPoints));
      await delay(this.random.between(20, this.settling ? 100 : 400));
    }
  }

  /** Stops leaving and only reads. */
  settle(): void {
    this.settling = true;
  }

  /** Leaves at once. Resumes after {@link comeBack}. */
  goAway(): void {
    this.away = true;
    this.leave();
  }

  comeBack(): void {
    this.away = false;
  }

  /** Returns the position in a channel while subscribed; `null` otherwise. */
  standing(channel: string): string | null {
    const subscribed = this.channels.get(channel)!;
    return subscribed.state === 'on' && !this.dozing ? subscribed.lastEventId : null;
  }

  /** Records its positions and leaves permanently. */
  end(): void {
    if (this.ended) return;
    for (const { channel, lastEventId } of this.channels.values()) this.enter({ kind: 'end', channel, lastEventId });
    this.ended = true;
    this.leave();
  }

  private async visit(entryPoint: EntryPoint): Promise<void> {
    const socket = this.connect(entryPoint);
    this.socket = socket;
    const gone = new Promise<void>((resolve) => {
      socket.on('error', () => undefined); // `close` follows
      socket.once('close', (code) => {
        if (this.socket === socket) {
          this.enter({ kind: 'closed', channel: '-', code });
          if (!MAY_COME_BACK.has(code)) this.breach(`closed with ${code}`);
          this.leave();
        }
        resolve();
      });
    });
    socket.once('unexpected-response', (_request, { headers }) => {
      this.notBefore = performance.now() + 1_000 * Number(headers['retry-after'] ?? 0);
      socket.terminate();
    });
    socket.once('open', () => {
      if (this.habits.streams !== 'cursor') this.subscribe([...this.channels.values()]);
    });
    socket.on('message', (data: Buffer, isBinary) => {
      if (this.socket !== socket) return;
      if (socket instanceof StreamLine) this.checkCursor(socket.cursorBefore);
      this.take(data, isBinary);
    });
    const over = new AbortController();
    await Promise.race([gone, this.stay(socket, over.signal)]);
    over.abort();
    if (this.socket === socket) this.leave();
  }

  private connect({ port }: EntryPoint): Line {
    const { streams = 'no' } = this.habits;
    if (streams === 'frames') return streamLine(port, { token: this.token });
    if (streams === 'cursor') {
      this.cursor.begin();
      for (const subscribed of this.channels.values()) {
        subscribed.state = 'asked';
        subscribed.askedAt = performance.now();
        const { channel, lastEventId } = subscribed;
        subscribed.asked = this.cursor.has(channel) ? (lastEventId ?? undefined) : undefined;
      }
      const query = { channels: [...this.channels.keys()].join(','), cursor: this.cursor.text };
      return streamLine(port, { token: this.token, query });
    }
    return new WebSocket(`ws://127.0.0.1:${port}/ws`, {
      headers: { Authorization: `Bearer ${this.token}` },
      handshakeTimeout: HANDSHAKE_MS,
      perMessageDeflate: false,
    });
  }

  /** Runs one connection until the client wants to leave or the server no longer responds. */
  private async stay(socket: Line, over: AbortSignal): Promise<void> {
    const { stayMs, dozes } = this.habits;
    const until = stayMs === null ? Infinity : performance.now() + this.random.between(...stayMs);
    // Starts at once, before the system has adapted its buffers to a reader of this speed.
    let dozeAt = dozes !== undefined && this.random.chance(dozes.chance) ? performance.now() : Infinity;
    while (!over.aborted) {
      await delay(50);
      const now = performance.now();
      if (over.aborted || this.away) return;
      if (!this.settling) {
        if (now >= dozeAt && socket.readyState === WebSocket.OPEN) {
          dozeAt = Infinity;
          await this.doze(socket, over);
          continue;
        }
        if (now >= until) return;
        if (stayMs !== null && this.random.chance(0.01))
          this.unsubscribe(this.random.pick([...this.channels.values()]));
        if (stayMs !== null && this.random.chance(0.03)) this.readPage();
      }
      if (this.isStuck(now)) return;
    }
  }

  private async doze(socket: Line, over: AbortSignal): Promise<void> {
    this.dozing = true;
    socket.pause();
    const until = performance.now() + this.random.between(...this.habits.dozes!.forMs);
    while (performance.now() < until && !this.settling && !over.aborted) await delay(50);
    socket.resume();
    this.dozing = false;
    for (const subscribed of this.channels.values()) subscribed.askedAt = performance.now();
  }

  private isStuck(now: number): boolean {
    const { answerMs = ANSWER_MS } = this.habits;
    for (const { state, askedAt } of this.channels.values()) {
      if ((state === 'asked' || state === 'leaving') && now - askedAt > answerMs) return true;
    }
    return false;
  }

  private subscribe(wanted: readonly Subscribed[]): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    const now = performance.now();
    const channels = wanted.map((subscribed) => {
      this.cursor.forget(subscribed.channel);
      const from = this.earlier.beginning(subscribed.lastEventId, this.habits.stayMs !== null && !this.settling);
      subscribed.state = 'asked';
      subscribed.askedAt = now;
      subscribed.asked = from.lastEventId;
      return { channel: subscribed.channel, ...from };
    });
    this.socket.send(JSON.stringify({ type: 'subscribe', channels }));
  }

  private unsubscribe(subscribed: Subscribed): void {
    if (subscribed.state !== 'on') return;
    subscribed.state = 'leaving';
    subscribed.askedAt = performance.now();
    this.socket?.send(JSON.stringify({ type: 'unsubscribe', channel: subscribed.channel }));
  }

  private readPage(): void {
    const { channel, lastEventId } = this.random.pick([...this.channels.values()].slice(0, CHANNELS.length));
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    this.socket.send(JSON.stringify(this.earlier.request(channel, lastEventId)));
  }

  private takePage(frame: Parameters<Earlier['take']>[0]): void {
    const page = this.earlier.take(frame);
    if (typeof page === 'string') this.breach(page);
    else if (page !== null) this.enter(page);
  }

  private take(data: Buffer, isBinary: boolean): void {
    let frame: ServerFrame;
    try {
      if (isBinary) throw new Error('binary');
      frame = JSON.parse(data.toString()) as ServerFrame;
    } catch {
      return this.breach(`no frame of the protocol: ${data.toString().slice(0, 200)}`);
    }
    const page = pageAnswer(frame);
    if (page !== null) return this.takePage(page);
    const subscribed = 'channel' in frame && frame.channel !== undefined ? this.channels.get(frame.channel) : undefined;
    switch (frame.type) {
      case 'event':
        return this.takeEvent(frame, subscribed);
      case 'subscribed':
        return this.takeSubscribed(frame, subscribed);
      case 'resync': {
        const { lastEventId, reason, channel } = frame;
        if (subscribed === undefined || !isId(lastEventId)) return this.breach(JSON.stringify(frame));
        subscribed.lastEventId = lastEventId;
        return this.enter({ kind: 'resync', channel, lastEventId, reason });
      }
      case 'unsubscribed':
        if (subscribed?.state !== 'leaving') return this.breach(JSON.stringify(frame), frame.channel);
        subscribed.state = 'off';
        this.enter({ kind: 'left', channel: subscribed.channel });
        return this.refused.add(subscribed);
      case 'error':
        if (frame.code !== 'unavailable' || subscribed?.state !== 'asked') {
          return this.breach(JSON.stringify(frame), frame.channel);
        }
        subscribed.state = 'off';
        return this.refused.add(subscribed);
      case 'connected':
      case 'reconnect':
        return;
      default:
        return this.breach(`unexpected ${frame.type}`);
    }
  }

  private checkCursor(text: string): void {
    const on = [...this.channels.values()].filter(({ state }) => state === 'on');
    const problem = this.cursor.check(text, new Map(on.map(({ channel, lastEventId }) => [channel, lastEventId])));
    if (problem !== null) this.breach(problem);
  }

  private takeEvent(frame: Extract<ServerFrame, { type: 'event' }>, subscribed: Subscribed | undefined): void {
    const { channel, id } = frame;
    const key = (frame.data as { readonly key?: unknown } | null)?.key;
    const plain = channel === PLAIN_CHANNEL;
    if (subscribed === undefined || (plain ? id !== undefined : !isId(id)) || typeof key !== 'string') {
      return this.breach(`event ${channel} ${id}`, channel);
    }
    if (id === undefined) return this.enter({ kind: 'plain', channel, key });
    const repeats = this.cursor.repeats(channel, id);
    if (typeof repeats === 'string') this.breach(repeats, channel);
    if (repeats === true) return;
    subscribed.lastEventId = id;
    this.enter({ kind: 'event', channel, id, key });
  }

  private takeSubscribed(frame: Extract<ServerFrame, { type: 'subscribed' }>, subscribed?: Subscribed): void {
    const { channel, recovered, reason, rewound } = frame;
    let { lastEventId } = frame;
    const plain = channel === PLAIN_CHANNEL;
    if (subscribed?.state !== 'asked' || (plain ? lastEventId !== undefined : !isId(lastEventId))) {
      return this.breach(JSON.stringify(frame), channel);
    }
    const { asked } = subscribed;
    subscribed.state = 'on';
    if (recovered === undefined && asked !== undefined && this.cursor.has(channel)) {
      this.breach('the cursor was ignored', channel);
    }
    if (recovered === true && asked !== undefined && this.cursor.has(channel)) {
      const problem = this.cursor.resumed(channel, lastEventId!, asked);
      if (problem !== null) this.breach(problem, channel);
      lastEventId = asked;
    }
    this.refused.accepted();
    subscribed.lastEventId = lastEventId ?? null;
    this.enter({
      kind: 'subscribed',
      channel,
      ...(lastEventId === undefined ? {} : { lastEventId }),
      ...(asked === undefined ? {} : { asked }),
      ...(recovered === undefined ? {} : { recovered }),
      ...(reason === undefined ? {} : { reason }),
      ...(rewound === undefined ? {} : { rewound }),
    });
  }

  /** Ignores further frames and closes the connection in one of the ways in which real clients do. */
  private leave(): void {
    const { socket } = this;
    this.socket = null;
    if (socket instanceof StreamLine && socket.cursor !== '') this.cursor.text = socket.cursor;
    this.dozing = false;
    this.refused.clear();
    this.earlier.clear();
    for (const subscribed of this.channels.values()) {
      if (subscribed.state === 'on' || subscribed.state === 'leaving') {
        this.enter({ kind: 'left', channel: subscribed.channel });
      }
      subscribed.state = 'off';
    }
    if (socket !== null) closeSomehow(socket, this.random);
  }

  private breach(what: string, channel = '-'): void {
    this.enter({ kind: 'breach', channel, what });
  }

  private enter(record: Unentered): void {
    this.log.seen.push({ ...record, at: performance.now(), client: this.name });
  }
}

type Unentered = ClientRecord extends infer R ? (R extends ClientRecord ? Omit<R, 'at' | 'client'> : never) : never;
