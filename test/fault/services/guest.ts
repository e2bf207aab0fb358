import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { ServerFrame } from '../../../src/protocol/frames.js';
import { signToken } from '../../support/jwt.js';
import type { ServiceLog, Visit } from './log.js';

/** Presence channel of the platform. */
export const PRESENCE_CHANNEL = 'users:online';

/** A reachable instance with the id of its current process. */
export interface InstanceAddress {
  readonly port: number;
  readonly life: string;
}

/** Token of a guest. */
export interface GuestToken {
  readonly user: string;
  readonly session: string;
  readonly token: string;
}

export function guestToken(user: string, session: string, role = 'user'): GuestToken {
  return { user, session, token: signToken({ sub: user, jti: session, role }) };
}

/** Timeout of an attempt, in milliseconds: a frozen instance or a busy machine responds late. */
const OPEN_MS = 30_000;

/** One connection that records its history. */
export class GuestConnection {
  /** Resolves with true once `connected` arrives, or with false if it cannot arrive any more. */
  readonly opened: Promise<boolean>;
  /** Resolves when the connection has closed. */
  readonly gone: Promise<void>;
  private readonly visit: Visit;
  private readonly socket: WebSocket;

  /** @param watcher name as a watcher of presence; `''` joins without watching; `null` does not join */
  constructor(
    private readonly log: ServiceLog,
    { user, session, token }: GuestToken,
    { port, life }: InstanceAddress,
    private readonly watcher: string | null,
  ) {
    this.visit = {
      ...{ user, session, life, startedAt: performance.now() },
      ...{ openedAt: null, joinedAt: null, closedAt: null, code: null },
    };
    log.visits.push(this.visit);
    const headers = { Authorization: `Bearer ${token}` };
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, {
      ...{ headers, handshakeTimeout: OPEN_MS, perMessageDeflate: false },
    });
    this.socket.on('error', () => undefined); // `close` follows
    this.gone = new Promise((resolve) => {
      this.socket.once('close', (code) => {
        this.ended(code);
        resolve();
      });
    });
    this.opened = Promise.race([
      new Promise<boolean>((resolve) => {
        this.socket.on('message', (data: Buffer) => this.take(JSON.parse(data.toString()) as ServerFrame, resolve));
      }),
      this.gone.then(() => false),
    ]);
  }

  get isOpen(): boolean {
    return this.visit.closedAt === null;
  }

  get isJoined(): boolean {
    return this.visit.joinedAt !== null && this.isOpen;
  }

  /** Closes the connection, with or without a closing handshake. */
  leave(gracefully: boolean): void {
    this.ended(null);
    if (gracefully && this.socket.readyState === WebSocket.OPEN) this.socket.close();
    else this.socket.terminate();
  }

  /** Waits until the connection closes, at most for this time. */
  async forAtMost(milliseconds: number): Promise<void> {
    const over = new AbortController();
    await Promise.race([this.gone, delay(milliseconds, undefined, { signal: over.signal }).catch(() => undefined)]);
    over.abort();
  }

  private take(frame: ServerFrame, opened: (isOpen: boolean) => void): void {
    if (!this.isOpen) return;
    const at = performance.now();
    if (frame.type === 'connected') {
      this.visit.openedAt = at;
      opened(true);
      const { watcher } = this;
      if (watcher === null) return;
      const presence = watcher === '' ? {} : { presence: true };
      this.socket.send(JSON.stringify({ type: 'subscribe', channel: PRESENCE_CHANNEL, ...presence }));
    } else if (frame.type === 'subscribed') {
      this.visit.joinedAt = at;
    } else if (frame.type === 'error' && frame.code === 'unavailable') {
      this.socket.terminate(); // it reconnects, as a client does
    } else if (frame.type === 'presence') {
      this.enterView({ kind: 'list', members: frame.members.map(({ userId }) => userId) });
    } else if (frame.type === 'presence_diff') {
      const names = (members: readonly { readonly userId: string }[]): string[] => members.map(({ userId }) => userId);
      this.enterView({ kind: 'diff', joined: names(frame.joined), left: names(frame.left) });
    }
  }

  private ended(code: number | null): void {
    if (!this.isOpen) return;
    this.visit.closedAt = performance.now();
    this.visit.code = code;
    this.enterView({ kind: 'gone' });
  }

  private enterView(
    view: { kind: 'list'; members: string[] } | { kind: 'diff'; joined: string[]; left: string[] } | { kind: 'gone' },
  ): void {
    const { watcher } = this;
    if (watcher !== null && watcher !== '') this.log.views.push({ ...view, watcher, at: performance.now() });
  }
}
