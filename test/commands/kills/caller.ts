import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { ServerFrame } from '../../../src/protocol/index.js';
import { runSafely } from '../../../src/realtime/index.js';
import { signToken } from '../../support/jwt.js';
import type { Answer } from './check.js';

/** Codes that are not an outcome: the same frame is sent again. */
const AGAIN = new Set(['in_progress', 'rate_limited', 'unavailable']);
/** Pause before a frame is sent again, and before a new connection, in milliseconds. */
const PAUSE_MS = 20;

interface Pending {
  readonly pauseMs: number;
  readonly done: () => void;
}

/** A client that follows the rules of docs/PROTOCOL.md for calls: it sends each again until it has an outcome. */
export class Caller {
  readonly answers: Answer[] = [];
  readonly sent: string[] = [];
  /** Number of connections that it opened. */
  connections = 0;
  private readonly pending = new Map<string, Pending>();
  private socket: WebSocket | null = null;
  private isReady = false;
  private isClosed = false;
  private calls = 0;

  constructor(
    readonly name: string,
    private readonly urlOf: () => string,
  ) {
    runSafely('A caller', () => this.connect());
  }

  /** Sends a call, and resolves with its outcome. */
  call(pauseMs: number): Promise<void> {
    const callId = `${this.name}.${(this.calls += 1)}`;
    this.sent.push(callId);
    return new Promise((done) => {
      this.pending.set(callId, { pauseMs, done });
      this.send(callId);
    });
  }

  close(): void {
    this.isClosed = true;
    this.socket?.terminate();
  }

  private async connect(): Promise<void> {
    while (!this.isClosed) {
      const url = new URL(this.urlOf());
      url.searchParams.set('token', signToken({ sub: this.name }));
      const socket = new WebSocket(url, { perMessageDeflate: false });
      this.connections += 1;
      this.socket = socket;
      socket.on('error', () => undefined);
      socket.on('message', (data: Buffer) => this.take(JSON.parse(data.toString()) as ServerFrame));
      await new Promise((resolve) => void socket.once('close', resolve));
      this.isReady = false;
      await delay(PAUSE_MS);
    }
  }

  private take(frame: ServerFrame): void {
    if (frame.type === 'connected') {
      this.isReady = true;
      for (const callId of this.pending.keys()) this.send(callId);
    } else if (frame.type === 'result') {
      const { position } = frame.data as { readonly position: string };
      const effects = (frame.effects ?? []).map(({ id }) => id ?? '');
      this.end({ callId: frame.callId, outcome: 'result', position, effects });
    } else if (frame.type === 'error' && frame.callId !== undefined) {
      const { callId, code } = frame;
      if (AGAIN.has(code)) setTimeout(() => this.send(callId), PAUSE_MS);
      else this.end({ callId, outcome: code, effects: [] });
    }
  }

  private send(callId: string): void {
    const call = this.pending.get(callId);
    if (call === undefined || !this.isReady) return;
    const { pauseMs } = call;
    this.socket!.send(JSON.stringify({ type: 'call', name: 'add', callId, data: { pauseMs } }));
  }

  private end(answer: Answer): void {
    this.answers.push(answer);
    this.pending.get(answer.callId)?.done();
    this.pending.delete(answer.callId);
  }
}
