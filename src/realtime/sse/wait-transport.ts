import type { Unstamped } from '../../protocol/index.js';
import { safely } from '../observability/run-safely.js';
import type { SharedForm, Transport } from '../connections/transport.js';

/** The code of a connection that ended without a close by the server. */
const NO_CODE = 1005;

/** A frame, with the `ref` of the request that it answers. */
export type ReceivedFrame = Unstamped & { readonly ref?: string };

/** A connection of a client that waits for one event. Nothing is sent to the client: its request is answered afterwards. */
export class WaitTransport implements Transport {
  readonly kind = 'wait';
  readonly bufferedBytes = 0;
  readonly isPaused = false;
  readonly hasPartialMessage = false;
  readonly cursor = null;
  readonly frameWriter = null;
  readonly sharedForm: SharedForm = 'block';
  /** The code with which the connection ended. */
  code = NO_CODE;
  isOpen = true;

  /** Called when the heartbeat checks the client: its request is open as long as this connection. */
  onAlive: () => void = () => undefined;
  /** Called once, in the turn of the event loop after the end. */
  onEnd: () => void = () => undefined;

  /** @param onFrame called for each frame */
  constructor(private readonly onFrame: (frame: ReceivedFrame) => void) {}

  send(frame: string | Buffer, onSent?: () => void): void {
    if (this.isOpen) this.onFrame(JSON.parse(String(frame)) as ReceivedFrame);
    onSent?.();
  }

  ping(): void {
    this.onAlive();
  }

  joinWrites(): void {}
  writeJoined(): void {}
  pong(): void {}
  pause(): void {}
  resume(): void {}
  reconnectAfter(): void {}

  close(code: number): void {
    if (this.isOpen) this.code = code;
    this.terminate();
  }

  terminate(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    setImmediate(safely('The end of a wait', () => this.onEnd()));
  }
}
