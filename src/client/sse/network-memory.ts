import type { Candidate, CandidateListener } from './candidate.js';
import type { SocketArguments } from './stream-target.js';

/** Failed WebSockets in a row after which the client streams. */
const MAX_FAILED_SOCKETS = 2;

/** Wait before the first probe, in milliseconds: a server that was restarting works by then. */
const FIRST_PROBE_MS = 15_000;

/** A WebSocket that works, for the next socket of the client. */
interface Ready {
  readonly candidate: Candidate;
  readonly key: string;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Listener of a kept WebSocket. Its end is noticed when a socket takes it over. */
const NO_LISTENER: CandidateListener = { opened: ignore, answered: ignore, received: ignore, ended: ignore };

/** Time for which a WebSocket is kept for the next socket of the client, in milliseconds. */
const TAKE_WITHIN_MS = 5_000;

/** Knowledge about the network that a client keeps between its connections, in memory. */
export class NetworkMemory {
  /** True if a WebSocket has connected in this session. */
  hasSocketWorked = false;
  #isStreaming = false;
  #failures = 0;
  #probes = 0;
  #probeAt = 0;
  #ready: Ready | undefined;

  /** @param retryWebSocketMs the interval of probes, in milliseconds */
  constructor(private readonly retryWebSocketMs: number) {}

  /** True if the client streams, and does not wait for a WebSocket first. */
  get isStreaming(): boolean {
    return this.#isStreaming;
  }

  /** Number of WebSockets that failed in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** @returns true if the client has to stream now */
  socketFailed(): boolean {
    this.#failures += 1;
    return this.#failures >= MAX_FAILED_SOCKETS;
  }

  socketWorks(): void {
    this.#failures = 0;
    this.#isStreaming = false;
    this.hasSocketWorked = true;
  }

  streamWorks(): void {
    if (this.#isStreaming) return; // the next probe is scheduled
    this.#isStreaming = true;
    this.#probes = 0;
    this.probeLater();
  }

  /** Called if neither transport works: the network is offline. After that, the first failure of a WebSocket starts a stream. */
  isOffline(): void {
    this.#failures = MAX_FAILED_SOCKETS - 1;
    this.#isStreaming = false;
  }

  /** Time until the next probe, in milliseconds. */
  get probeInMs(): number {
    return Math.max(0, this.#probeAt - performance.now());
  }

  /** Schedules the next probe: soon at first, then at the interval, with a jitter of a quarter. */
  probeLater(): void {
    const ms = Math.min(this.retryWebSocketMs, FIRST_PROBE_MS * 4 ** this.#probes);
    this.#probes += 1;
    this.#probeAt = performance.now() + ms * (0.75 + 0.5 * Math.random());
  }

  /** Keeps a WebSocket that works for the next socket of the client. */
  keep(candidate: Candidate, given: SocketArguments, isAnonymous: boolean): void {
    this.take([''], false);
    candidate.listener = NO_LISTENER;
    const timer = setTimeout(() => this.take([''], false), TAKE_WITHIN_MS);
    this.#ready = { candidate, key: keyOf(given, isAnonymous), timer };
  }

  /** Returns the kept WebSocket if it has the same address and credentials, otherwise closes it. */
  take(given: SocketArguments, isAnonymous: boolean): Candidate | undefined {
    const ready = this.#ready;
    this.#ready = undefined;
    clearTimeout(ready?.timer);
    if (ready?.key === keyOf(given, isAnonymous) && !ready.candidate.isOver) return ready.candidate;
    ready?.candidate.close();
    return undefined;
  }
}

function ignore(): void {}

function keyOf(given: SocketArguments, isAnonymous: boolean): string {
  return JSON.stringify([...given, isAnonymous]);
}
