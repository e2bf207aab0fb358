import { Candidate, PROBE_REF, type CandidateListener } from './candidate.js';

/** How a probe connects. */
export interface ProbeHost {
  /** @throws the error of the WebSocket's constructor */
  open(listener: CandidateListener): Candidate;
  /** Returns the token to send in band; `undefined` if none is sent so. */
  token(): string | undefined;
  /** Timeout of an attempt, in milliseconds. */
  timeoutMs(): number;
  /** The WebSocket works: the server accepted the client on it. */
  succeeded(candidate: Candidate): void;
  /** Called once per probe that failed. */
  failed(): void;
}

/** Tries a WebSocket beside a working stream. */
export class WebSocketProbe implements CandidateListener {
  #candidate: Candidate | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly host: ProbeHost) {}

  /** Starts. @param candidate an attempt that was started earlier, and has not been answered */
  start(candidate?: Candidate): void {
    const timeoutMs = this.host.timeoutMs();
    const usedMs = candidate ? performance.now() - candidate.openedAt : 0;
    this.#timer = setTimeout(() => this.#fail(), Math.max(0, timeoutMs - usedMs));
    try {
      this.#candidate = candidate ?? this.host.open(this);
      this.#candidate.listener = this;
    } catch {
      this.#fail();
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#candidate?.close();
    this.#candidate = undefined;
  }

  opened(candidate: Candidate): void {
    const token = this.host.token();
    if (token !== undefined) candidate.send(JSON.stringify({ type: 'auth', token, ref: PROBE_REF }));
  }

  answered(candidate: Candidate, isAccepted: boolean): void {
    if (!isAccepted) return this.#fail();
    clearTimeout(this.#timer);
    this.#candidate = undefined;
    this.host.succeeded(candidate);
  }

  /** Never called: a probe does not choose its candidate. */
  received(): void {}

  ended(): void {
    this.#fail();
  }

  #fail(): void {
    this.stop();
    this.host.failed();
  }
}
