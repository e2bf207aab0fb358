import type { SocketEnd } from '../socket.js';
import type { WebSocketClass, WebSocketLike } from '../web-socket.js';
import { Candidate, type CandidateListener } from './candidate.js';
import type { NetworkMemory } from './network-memory.js';
import { hasToken, type SocketArguments } from './stream-target.js';
import { WebSocketProbe } from './web-socket-probe.js';

/** The environment of a client's sockets. */
export interface FallbackHost {
  readonly memory: NetworkMemory;
  /** Returns the class of WebSockets; `undefined` if there is none. */
  WebSocket(): WebSocketClass | undefined;
  /** Class of streams. */
  readonly Stream: WebSocketClass;
  /** Timeout of an attempt, in milliseconds. */
  timeoutMs(): number;
}

/** Silence of a WebSocket after which a stream is tried beside it, in milliseconds; at most half of the time limit. */
const SILENT_AFTER_MS = 2_000;

/**
 * A socket that is a WebSocket or a stream. It streams after two WebSockets in a row failed; while it streams, it tries a
 * WebSocket from time to time. Once that works, it ends with the request to reconnect at once, and the next socket of the
 * client takes the WebSocket over: the client resumes its channels as after every break.
 */
export class FallbackSocket implements WebSocketLike, CandidateListener {
  onopen: WebSocketLike['onopen'] = null;
  onmessage: WebSocketLike['onmessage'] = null;
  onerror: WebSocketLike['onerror'] = null;
  onclose: WebSocketLike['onclose'] = null;
  isAnonymous = false;
  readonly #candidates = new Set<Candidate>();
  #chosen: Candidate | undefined;
  /** Frames that the client sent before a candidate was chosen: each candidate gets them. */
  readonly #early: string[] = [];
  /** The last token that the client sent in band. */
  #token: string | undefined;
  #isOpen = false;
  #isOver = false;
  #hasStreamed = false;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #probeTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #probe: WebSocketProbe;

  constructor(
    private readonly given: SocketArguments,
    private readonly host: FallbackHost,
  ) {
    this.#probe = new WebSocketProbe({
      open: (listener) => this.#openSocket(listener),
      token: () => (this.#isTokenInBand ? this.#token : undefined),
      timeoutMs: () => host.timeoutMs(),
      succeeded: (candidate) => this.#handOver(candidate),
      failed: () => {
        host.memory.probeLater();
        this.#scheduleProbe();
      },
    });
    // Deferred, because the client sets the callbacks after this.
    void Promise.resolve().then(() => this.#begin());
  }

  send(text: string): void {
    const { type, token } = JSON.parse(text) as { readonly type: string; readonly token?: string };
    if (type === 'auth') this.#token = token;
    if (this.#chosen) return this.#chosen.send(text);
    this.#early.push(text);
    for (const candidate of this.#candidates) if (candidate.isOpen) candidate.send(text);
  }

  close(code = 1005, reason = ''): void {
    const [first] = this.#candidates;
    const isSilent = !this.#chosen && first && performance.now() - first.openedAt >= this.#silentAfterMs;
    // The client's time limit ended the attempt. If the stream is silent too, the network is dead.
    if (isSilent && this.#hasStreamed) this.host.memory.isOffline();
    else if (isSilent) this.host.memory.socketFailed();
    this.#end({ code, reason });
  }

  get #isTokenInBand(): boolean {
    return !this.isAnonymous && !hasToken(this.given);
  }

  get #silentAfterMs(): number {
    return Math.min(SILENT_AFTER_MS, this.host.timeoutMs() / 2);
  }

  #begin(): void {
    if (this.#isOver) return;
    const { memory } = this.host;
    const ready = memory.take(this.given, this.isAnonymous);
    if (ready) {
      ready.listener = this;
      this.#candidates.add(ready);
      this.opened(ready);
      if (!this.#isTokenInBand) this.answered(ready, true);
    } else if (memory.isStreaming || !this.host.WebSocket()) this.#stream();
    else this.#tryWebSocket();
  }

  #tryWebSocket(): void {
    const { memory } = this.host;
    try {
      this.#candidates.add(this.#openSocket(this));
    } catch (error) {
      return this.#socketFailed({ code: 1006, reason: String(error) });
    }
    // If a WebSocket has worked before, a silent one more likely means an overloaded server: it does not get twice the load.
    if (memory.failures > 0 || !memory.hasSocketWorked) {
      this.#silence = setTimeout(() => this.#stream(), this.#silentAfterMs);
    }
  }

  #openSocket(listener: CandidateListener): Candidate {
    const { given, isAnonymous, host } = this;
    return new Candidate('websocket', host.WebSocket()!, given, this.#isTokenInBand, isAnonymous, listener);
  }

  #stream(): void {
    clearTimeout(this.#silence);
    if (this.#hasStreamed) return;
    this.#hasStreamed = true;
    const { given, isAnonymous, host } = this;
    this.#candidates.add(new Candidate('sse', host.Stream, given, this.#isTokenInBand, isAnonymous, this));
  }

  opened(candidate: Candidate): void {
    for (const text of this.#early) candidate.send(text);
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.onopen?.({} as never); // the client sends its token
  }

  answered(candidate: Candidate, isAccepted: boolean): void {
    const { memory } = this.host;
    const isStream = candidate.transport === 'sse';
    if (!isStream) memory.socketWorks();
    else if (isAccepted) memory.streamWorks();
    clearTimeout(this.#silence);
    this.#chosen = candidate;
    this.#candidates.delete(candidate);
    const [other] = this.#candidates;
    this.#candidates.clear();
    this.#early.length = 0;
    if (isStream && isAccepted) {
      // A WebSocket that is silent so far may only be slow.
      if (other) this.#probe.start(other);
      else this.#scheduleProbe();
    } else other?.close();
    candidate.choose();
  }

  received(text: string): void {
    if (!this.#isOver) this.onmessage?.({ data: text } as never);
  }

  ended(candidate: Candidate, end: SocketEnd): void {
    this.#candidates.delete(candidate);
    // A stream that was connected ends for many reasons: the next socket streams again.
    if (candidate === this.#chosen || isRefusal(end)) this.#end(end);
    else if (candidate.transport === 'websocket') this.#socketFailed(end);
    else if (this.#candidates.size === 0) {
      this.host.memory.isOffline();
      this.#end(end);
    }
  }

  #socketFailed(end: SocketEnd): void {
    const mustStream = this.host.memory.socketFailed();
    if (this.#candidates.size > 0) return; // the stream was tried beside it
    if (!mustStream || this.#hasStreamed) {
      if (this.#hasStreamed) this.host.memory.isOffline();
      this.#end({ code: end.code, reason: end.reason });
    } else this.#stream();
  }

  #scheduleProbe(): void {
    if (this.#isOver || !this.host.WebSocket()) return;
    this.#probeTimer = setTimeout(() => this.#probe.start(), this.host.memory.probeInMs);
  }

  /** Ends this socket, so that the next one takes over the WebSocket. */
  #handOver(candidate: Candidate): void {
    this.host.memory.socketWorks();
    this.host.memory.keep(candidate, this.given, this.isAnonymous);
    const timestamp = new Date().toISOString();
    this.received(JSON.stringify({ type: 'reconnect', afterMs: 0, timestamp }));
    this.#end({ code: 1012, reason: 'WebSocket works again' });
  }

  #end(end: SocketEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#silence);
    clearTimeout(this.#probeTimer);
    this.#probe.stop();
    for (const candidate of this.#candidates) candidate.close();
    this.#chosen?.close();
    void Promise.resolve().then(() => this.onclose?.(end as never));
  }
}

/**
 * Returns true if the server itself refused, and not a proxy: by a close code, or by a status that asks for another token or for
 * a later attempt.
 */
function isRefusal({ code, status, retryInMs }: SocketEnd): boolean {
  return code >= 4_400 || status === 401 || status === 429 || (status === 503 && retryInMs !== undefined);
}
