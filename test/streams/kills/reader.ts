import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { StreamFrame, StreamInfo } from '../../../src/protocol/index.js';
import { runSafely } from '../../../src/realtime/index.js';
import { StreamText } from '../support/stream-text.js';

/** Pause before a new connection, and before a refused subscription is sent again, in milliseconds. */
const PAUSE_MS = 30;

/** A client that reads several streams, and continues each after a break. */
export class ManyReader {
  readonly streams = new Map<string, StreamText>();
  private socket: WebSocket | null = null;
  private isClosed = false;

  constructor(
    channels: readonly string[],
    private readonly urlOf: () => string,
  ) {
    for (const channel of channels) this.streams.set(channel, new StreamText());
    runSafely('A reader', () => this.connect());
  }

  close(): void {
    this.isClosed = true;
    this.socket?.terminate();
  }

  private async connect(): Promise<void> {
    while (!this.isClosed) {
      const socket = new WebSocket(this.urlOf(), { perMessageDeflate: false });
      this.socket = socket;
      socket.on('error', () => undefined);
      socket.on('message', (data: Buffer) => this.take(data.toString()));
      await new Promise((resolve) => void socket.once('close', resolve));
      await delay(PAUSE_MS);
    }
  }

  private take(json: string): void {
    const frame = JSON.parse(json) as { type: string; channel?: string; stream?: StreamInfo; code?: string };
    if (frame.type === 'connected') for (const channel of this.streams.keys()) this.subscribe(channel);
    const stream = this.streams.get(frame.channel ?? '');
    if (stream === undefined) return;
    if (frame.type === 'error') setTimeout(() => this.subscribe(frame.channel!), PAUSE_MS);
    if (frame.type === 'subscribed' && frame.stream !== undefined) stream.begin(frame.stream);
    if (frame.type === 'stream') stream.take(frame as StreamFrame);
  }

  private subscribe(channel: string): void {
    const { id, next } = this.streams.get(channel)!;
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    this.socket.send(JSON.stringify({ type: 'subscribe', channel, stream: id === null ? {} : { id, at: next } }));
  }
}
