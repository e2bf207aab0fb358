import { parseFrame } from '../check-frame.js';
import { openSocket, type SocketEnd } from '../socket.js';
import type { WebSocketLike } from '../web-socket.js';
import type { SocketArguments } from './stream-target.js';

/** Receives what happens on a candidate. */
export interface CandidateListener {
  /** The network connection is open: the token can be sent. */
  opened(candidate: Candidate): void;
  /** The server accepted the client, or refused its token: either proves that this transport works. */
  answered(candidate: Candidate, isAccepted: boolean): void;
  /** A frame of a chosen candidate. */
  received(text: string): void;
  ended(candidate: Candidate, end: SocketEnd): void;
}

/** A class of WebSockets that takes all arguments, like the class of `ws`. */
type SocketClass = new (...given: SocketArguments) => WebSocketLike;

/** `ref` of the `auth` frame that a probe sends. */
export const PROBE_REF = 'probe';

/**
 * A connection that may become the client's. It keeps its frames until it is chosen. Of several candidates the first that
 * the server answers is chosen.
 */
export class Candidate {
  readonly openedAt = performance.now();
  /** Receives what happens; replaced when another socket of the client adopts the candidate. */
  listener: CandidateListener;
  isOpen = false;
  #isChosen = false;
  #isOver = false;
  /** Frames with the identity. They are passed on first, because a client that adopts the candidate authenticates again. */
  readonly #identities: string[] = [];
  /** Other frames since the candidate was opened. */
  readonly #kept: string[] = [];
  readonly #socket: WebSocketLike;

  /**
   * @param isTokenInBand the server answers an `auth` frame; otherwise it sends `connected` without a request
   * @throws the error of the constructor, for example because of the page's security policy
   */
  constructor(
    readonly transport: 'websocket' | 'sse',
    Class: SocketClass,
    given: SocketArguments,
    private readonly isTokenInBand: boolean,
    isAnonymous: boolean,
    listener: CandidateListener,
  ) {
    this.listener = listener;
    const target = {
      url: given[0],
      WebSocket: Class,
      tokenVia: () => new Class(...given),
    };
    this.#socket = openSocket(
      target,
      '',
      () => {
        this.isOpen = true;
        if (!this.#isOver) this.listener.opened(this);
      },
      (text) => this.#received(text),
      (end) => {
        if (this.#isOver) return;
        this.#isOver = true;
        this.listener.ended(this, end);
      },
    );
    this.#socket.isAnonymous = isAnonymous;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  send(text: string): void {
    if (!this.#isOver) this.#socket.send(text);
  }

  /** Passes the frames so far to the listener, and from now on each one at once. */
  choose(): void {
    this.#isChosen = true;
    for (const text of [...this.#identities.splice(0), ...this.#kept.splice(0)])
      if (!this.#isOver) this.listener.received(text);
  }

  /** Ends the connection without a call of the listener. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.close(1000);
  }

  #received(text: string): void {
    if (this.#isOver) return;
    if (this.#isChosen) return this.listener.received(text);
    const frame = parseFrame(text) as { readonly type: string; readonly ref?: string } | null;
    const { type, ref } = frame ?? {};
    const isIdentity = type === 'connected' || type === 'authenticated';
    if (ref !== PROBE_REF) (isIdentity ? this.#identities : this.#kept).push(text);
    // The heartbeat follows from it. The client will authenticate again.
    else if (type === 'connected') this.#identities.push(JSON.stringify({ ...frame, ref: undefined }));
    if (isIdentity && (ref !== undefined || !this.isTokenInBand)) this.listener.answered(this, true);
    else if (type === 'error') this.listener.answered(this, false);
  }
}
