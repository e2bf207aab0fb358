import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { secondsFromNow, signToken } from '../../support/jwt.js';
import type { Random } from '../../support/random.js';
import type { EntryPoint } from '../habits.js';
import { Refused } from '../refused.js';
import { closeSomehow } from '../subscribed.js';
import { HeldState, type StateFrame } from './held-state.js';
import type { LiveRecord } from './live-log.js';
import { ReadStream, type StreamPart } from './read-stream.js';

const HANDSHAKE_MS = 3_000;
const ANSWER_MS = 6_000;
/** Close codes after which a client reconnects. */
const MAY_COME_BACK = new Set([1000, 1001, 1005, 1006, 1012, 1013, 4500, 4501, 4502]);
/** Errors of `stream_cancel` that say nothing about the stream, or that it has ended. */
const NOT_CANCELLED: readonly unknown[] = ['not_found', 'unavailable', 'not_subscribed'];

interface Frame extends StateFrame {
  readonly channel?: string;
  readonly code?: string;
  readonly state?: unknown;
  readonly recovered?: boolean;
  readonly stream?: StreamPart;
  readonly ref?: string;
}

interface Followed {
  readonly channel: string;
  readonly what: HeldState | ReadStream;
  state: 'off' | 'asked' | 'on';
  askedAt: number;
}

/** A client with plain WebSockets that holds states and reads streams, leaves, and continues. */
export class Follower {
  private readonly followed: ReadonlyMap<string, Followed>;
  private readonly token: string;
  private readonly refused: Refused<Followed>;
  private socket: WebSocket | null = null;
  private isEnded = false;
  private isSettling = false;
  private isAway = false;
  private cancels = 0;

  /** @param stayMs duration of one connection, in milliseconds; `null`: it never leaves */
  constructor(
    readonly name: string,
    boards: readonly string[],
    streams: readonly string[],
    private readonly entryPoints: () => readonly EntryPoint[],
    private readonly log: LiveRecord[],
    private readonly random: Random,
    private readonly stayMs: readonly [from: number, to: number] | null,
  ) {
    const one = (channel: string, what: HeldState | ReadStream): [string, Followed] => [
      channel,
      { channel, what, state: 'off', askedAt: 0 },
    ];
    this.followed = new Map([
      ...boards.map((channel) => one(channel, new HeldState())),
      ...streams.map((channel) => one(channel, new ReadStream())),
    ]);
    this.refused = new Refused<Followed>(
      (from, to) => random.between(from, to),
      (wanted) => this.subscribe(wanted),
    );
    this.token = signToken({ sub: name, role: 'user', exp: secondsFromNow(7200) });
  }

  /** Resolves after `end`. */
  async run(): Promise<void> {
    while (!this.isEnded) {
      const entryPoints = this.entryPoints().filter((entryPoint) => entryPoint.open);
      if (entryPoints.length > 0 && !this.isAway) await this.visit(this.random.pick(entryPoints));
      await delay(this.random.between(20, this.isSettling ? 100 : 400));
    }
  }

  goAway(): void {
    this.isAway = true;
    this.leave();
  }

  comeBack(): void {
    this.isAway = false;
  }

  /** Stops leaving and only reads. */
  settle(): void {
    this.isSettling = true;
  }

  /** Returns what it holds of a channel: a digest of the state, or the place in the stream; `null` if it is not subscribed. */
  standing(channel: string): string | null {
    const { what, state } = this.followed.get(channel)!;
    if (state !== 'on') return null;
    return what instanceof HeldState ? what.digest : `${what.id} ${what.next} ${what.state}`;
  }

  /** Records what it holds and leaves permanently. */
  end(): void {
    if (this.isEnded) return;
    for (const { channel, what } of this.followed.values()) {
      const { id } = what;
      if (what instanceof HeldState) this.enter({ kind: 'holds', channel, id, digest: what.digest });
      else this.enter({ kind: 'has', channel, id, next: what.next, state: what.state });
    }
    this.isEnded = true;
    this.leave();
  }

  private async visit({ port }: EntryPoint): Promise<void> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, {
      headers: { Authorization: `Bearer ${this.token}` },
      handshakeTimeout: HANDSHAKE_MS,
      perMessageDeflate: false,
    });
    this.socket = socket;
    const over = new AbortController();
    const gone = new Promise<void>((resolve) => {
      socket.on('error', () => undefined); // `close` follows
      socket.once('close', (code) => {
        if (this.socket === socket && !MAY_COME_BACK.has(code)) this.breach('-', `closed with ${code}`);
        resolve();
      });
    });
    socket.once('open', () => this.subscribe([...this.followed.values()]));
    socket.on('message', (data: Buffer) => {
      if (this.socket === socket) this.take(JSON.parse(data.toString()) as Frame);
    });
    await Promise.race([gone, this.stay(socket, over.signal)]);
    over.abort();
    if (this.socket === socket) this.leave();
  }

  private async stay(socket: WebSocket, over: AbortSignal): Promise<void> {
    const until = this.stayMs === null ? Infinity : performance.now() + this.random.between(...this.stayMs);
    while (!over.aborted) {
      await delay(50);
      const now = performance.now();
      if (over.aborted || this.isAway || (now >= until && !this.isSettling)) return;
      for (const { state, askedAt } of this.followed.values()) {
        if (state === 'asked' && now - askedAt > ANSWER_MS) return;
      }
      if (!this.isSettling && socket.readyState === WebSocket.OPEN && this.random.chance(0.003)) this.cancel(socket);
    }
  }

  private cancel(socket: WebSocket): void {
    const streams = [...this.followed.values()].filter(({ what }) => what instanceof ReadStream);
    this.cancels += 1;
    const { channel } = this.random.pick(streams);
    socket.send(JSON.stringify({ type: 'stream_cancel', channel, ref: `cancel-${this.cancels}` }));
  }

  private subscribe(wanted: readonly Followed[]): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    const channels = wanted.map((one) => {
      const { channel, what } = one;
      if (this.stayMs !== null && !this.isSettling && this.random.chance(0.25)) what.forget();
      one.state = 'asked';
      one.askedAt = performance.now();
      if (what instanceof ReadStream) return { channel, stream: what.place };
      return { channel, state: true, ...(what.id !== null && { lastEventId: what.id }) };
    });
    this.socket.send(JSON.stringify({ type: 'subscribe', channels }));
  }

  private take(frame: Frame): void {
    const { type, channel = '-', code } = frame;
    if (type === 'connected' || type === 'reconnect' || type === 'stream_cancelled') return;
    const followed = this.followed.get(channel);
    if (type === 'error' && frame.ref?.startsWith('cancel-') === true) {
      if (!NOT_CANCELLED.includes(code)) this.breach(channel, JSON.stringify(frame));
      return;
    }
    if (followed === undefined) return this.breach(channel, JSON.stringify(frame).slice(0, 300));
    const { what } = followed;
    if (type === 'error' && code === 'unavailable' && followed.state === 'asked') {
      followed.state = 'off';
      this.refused.add(followed);
    } else if (type === 'subscribed' && followed.state === 'asked') {
      this.refused.accepted();
      this.takeAnswer(followed, frame);
    } else if (followed.state !== 'on') this.breach(channel, `${type} without a subscription`);
    else if (what instanceof ReadStream && type === 'stream') {
      this.enter({ channel, ...what.take(frame as unknown as StreamPart) });
    } else if (what instanceof HeldState && type === 'state_error') {
      this.enter({ kind: 'stateError', channel, code: code! });
    } else if (what instanceof HeldState && (type === 'state' || type === 'event')) {
      const held = type === 'state' ? what.takeState(frame) : what.takePatch(frame);
      if (typeof held === 'string') this.breach(channel, held);
      else if (held !== null) this.enter({ channel, ...held });
    } else this.breach(channel, JSON.stringify(frame).slice(0, 300));
  }

  private takeAnswer(followed: Followed, frame: Frame): void {
    const { channel, what } = followed;
    followed.state = 'on';
    if (what instanceof ReadStream) {
      if (frame.stream === undefined) return this.breach(channel, JSON.stringify(frame));
      what.begin(frame.stream);
      const { id, next, state } = what;
      return this.enter({ kind: 'reading', channel, id, next, state });
    }
    const isWhole = frame.state === true;
    if (!isWhole && (frame.recovered !== true || what.id === null)) this.breach(channel, JSON.stringify(frame));
    what.join(isWhole);
    this.enter({ kind: 'joined', channel, isWhole });
  }

  private leave(): void {
    const { socket } = this;
    this.socket = null;
    this.refused.clear();
    for (const followed of this.followed.values()) {
      if (followed.state === 'on') this.enter({ kind: 'gone', channel: followed.channel });
      followed.state = 'off';
    }
    if (socket !== null) closeSomehow(socket, this.random);
  }

  private breach(channel: string, what: string): void {
    this.enter({ kind: 'liveBreach', channel, what });
  }

  private enter(record: Unentered): void {
    this.log.push({ ...record, at: performance.now(), client: this.name });
  }
}

type OfClient = Extract<LiveRecord, { readonly client: string }>;
type Unentered = OfClient extends infer R ? (R extends OfClient ? Omit<R, 'at' | 'client'> : never) : never;
