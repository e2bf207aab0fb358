import type { FrameWriter, SharedForm, Transport } from '../../src/realtime/connections/transport.js';

/** A transport that records what it is sent. While `reads` is false, it keeps the bytes until the test calls `drain`. */
export class FakeTransport implements Transport {
  readonly kind: string = 'fake';
  readonly cursor = null;
  isOpen = true;
  bufferedBytes = 0;
  isPaused = false;
  hasPartialMessage = false;
  sharedForm: SharedForm = 'wire';
  frameWriter: FrameWriter | null = null;
  reads = true;
  isTerminated = false;
  readonly sent: string[] = [];
  readonly closes: [code: number, reason: string][] = [];
  private callbacks: (() => void)[] = [];

  send(frame: string | Buffer, onSent?: () => void): void {
    this.sent.push(String(frame));
    if (this.reads) {
      onSent?.();
      return;
    }
    this.bufferedBytes += frame.length;
    if (onSent !== undefined) this.callbacks.push(onSent);
  }

  /** Sends bytes until this number is left: the first frame, or all frames if nothing is left. */
  drain(bytes = 0): void {
    this.bufferedBytes = bytes;
    for (const onSent of this.callbacks.splice(0, bytes === 0 ? Infinity : 1)) onSent();
  }

  joinWrites(): void {}
  writeJoined(): void {}
  ping(): void {}
  pong(): void {}
  reconnectAfter(): void {}

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  close(code: number, reason: string): void {
    this.closes.push([code, reason]);
  }

  terminate(): void {
    this.isTerminated = true;
  }
}
