import { WebSocket } from 'ws';
import { createAttempts } from '../../src/client/attempts.js';
import { resolveOptions } from '../../src/client/options.js';
import { microseconds, sleep } from '../clock.js';

/** The client library gives up an attempt after this time, in milliseconds. */
const ATTEMPT_MS = 10_000;
const OPTIONS = resolveOptions({ url: 'ws://127.0.0.1', WebSocket: class {} as never });

/** Measurements of all holders together. */
export interface Received {
  /** Bytes of all messages. */
  bytes: number;
  /** Number of states. */
  states: number;
  /** Number of failed loads that were reported. */
  errors: number;
  /** Connections that the server refused or closed, and attempts without an answer. */
  ends: number;
}

/**
 * A client that holds the state of a channel as bytes, and reconnects as the client library does, with its backoff. It does not apply
 * patches.
 */
export class Holder {
  /** Number of states since the last reset. */
  states = 0;
  /** Time of the last state, in microseconds of the shared clock. */
  stateAt = 0;
  /** Size of the last patch, and its time. */
  patch: { readonly bytes: number; readonly at: number } | null = null;
  private id: string | undefined;
  private socket: WebSocket | null = null;
  private ended = false;

  /**
   * @param isState returns true if a frame contains the expected state
   * @param notify called after each state and each patch
   */
  constructor(
    private readonly url: string,
    private readonly channel: string,
    private readonly received: Received,
    private readonly isState: (frame: Buffer) => boolean,
    private readonly notify: (holder: Holder) => void,
  ) {}

  /** Counts from zero. */
  reset(): void {
    this.states = 0;
    this.patch = null;
  }

  /** Connects, again after each end of a connection. */
  async live(): Promise<void> {
    const attempts = createAttempts(OPTIONS, () => undefined);
    this.ended = false;
    while (!this.ended) {
      const cause = await this.connection(() => attempts.ready(true));
      if (this.ended) return;
      this.received.ends += 1;
      attempts.ended({ cause });
      await sleep(attempts.retryInMs({ cause }, ''));
    }
  }

  /** Drops the connection, and stays offline. */
  leave(): void {
    this.ended = true;
    this.socket?.terminate();
  }

  private async connection(ready: () => void): Promise<'lost' | 'unreachable'> {
    const socket = new WebSocket(this.url, { perMessageDeflate: false, handshakeTimeout: ATTEMPT_MS });
    this.socket = socket;
    let wasOpen = false;
    socket.on('open', () => {
      wasOpen = true;
      const { channel, id } = this;
      socket.send(JSON.stringify({ type: 'subscribe', channel, state: true, lastEventId: id }));
    });
    socket.on('message', (frame: Buffer) => this.take(frame, ready));
    socket.on('error', () => undefined); // `close` follows
    await new Promise((resolve) => socket.once('close', resolve));
    return wasOpen ? 'lost' : 'unreachable';
  }

  private take(frame: Buffer, ready: () => void): void {
    this.received.bytes += frame.length;
    const head = frame.toString('latin1', 0, 200);
    if (head.startsWith('{"type":"connected"')) ready();
    else if (head.startsWith('{"type":"state_error"')) this.received.errors += 1;
    else if (head.startsWith('{"type":"state"')) {
      if (!this.isState(frame)) throw new Error(`Another state: ${head}`);
      this.id = /"id":"([^"]+)"/.exec(head)![1];
      this.received.states += 1;
      this.states += 1;
      this.stateAt = microseconds();
      this.notify(this);
    } else if (head.startsWith('{"type":"event"')) {
      this.id = /"id":"([^"]+)"/.exec(frame.toString())![1];
      this.patch = { bytes: frame.length, at: microseconds() };
      this.notify(this);
    }
  }
}
