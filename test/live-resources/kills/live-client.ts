import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { runSafely } from '../../../src/realtime/index.js';
import { signToken } from '../../support/jwt.js';
import { leakIn, shownTo, valuesOf, type Role } from '../model/board-model.js';
import { HeldState, type StateFrame } from '../support/held-state.js';
import type { Holding } from './check.js';

/** Pause before a new connection, and before a refused subscription is sent again, in milliseconds. */
const PAUSE_MS = 30;

/** Receives what a client holds, and what it must not receive. */
export interface LiveClientLog {
  readonly held: Holding[];
  readonly leaks: string[];
  readonly problems: string[];
}

type ServerFrame = StateFrame & { readonly channel?: string; readonly code?: string };

/** A client over a bare WebSocket. It follows the states of channels, and comes back after a break. */
export class LiveClient {
  /** Number of states, patches, resumes and connections. */
  readonly counts = { states: 0, patches: 0, resumes: 0, connections: 0 };
  private readonly states = new Map<string, HeldState>();
  /** Channels whose fields are those of the role. Between a sign-in and the next state they can be those of the former one. */
  private readonly known = new Set<string>();
  private socket: WebSocket | null = null;
  private isClosed = false;
  /** Roles whose fields can arrive: two of them during a sign-in. */
  private roles: readonly Role[];

  /** @param isRestricted true if the channels have fields by role */
  constructor(
    readonly name: string,
    private role: Role,
    readonly channels: readonly string[],
    private readonly isRestricted: boolean,
    private readonly urlOf: () => string,
    private readonly log: LiveClientLog,
  ) {
    this.roles = [role];
    for (const channel of channels) this.states.set(channel, new HeldState());
    runSafely('A client', () => this.connect());
  }

  /** Returns what the role sees of a state in the database. */
  expected(state: unknown): string {
    return shownTo(this.shows, state);
  }

  /** Returns what the client holds, or why it holds nothing. */
  holds(channel: string): string {
    const held = this.states.get(channel)!.held;
    return held === null ? 'nothing' : shownTo(this.shows, held.data);
  }

  /** Loses its connection, and comes back. @param changesRole true if it comes back with another role */
  cut(changesRole: boolean): void {
    if (changesRole) {
      this.role = this.role === 'admin' ? 'user' : 'admin';
      this.roles = [...this.roles, this.role];
    }
    this.socket?.terminate();
  }

  /** Signs in with another role on the same connection. */
  signIn(): void {
    if (this.socket?.readyState !== WebSocket.OPEN || this.roles.length > 1) return;
    const role = this.role === 'admin' ? 'user' : 'admin';
    this.roles = [this.role, role];
    this.role = role;
    this.known.clear();
    this.socket.send(JSON.stringify({ type: 'auth', token: this.token }));
  }

  close(): void {
    this.isClosed = true;
    this.socket?.terminate();
  }

  private get token(): string {
    return signToken({ sub: this.name, role: this.role });
  }

  private get shows(): Role {
    return this.isRestricted ? this.role : 'admin';
  }

  private async connect(): Promise<void> {
    while (!this.isClosed) {
      const socket = new WebSocket(`${this.urlOf()}?token=${this.token}`, { perMessageDeflate: false });
      this.socket = socket;
      this.counts.connections += 1;
      // Nothing of the former connection arrives any more.
      const role = this.role;
      socket.on('error', () => undefined);
      socket.once('open', () => (this.roles = this.role === role ? [role] : this.roles));
      socket.on('message', (data: Buffer) => this.take(data.toString()));
      await new Promise((resolve) => void socket.once('close', resolve));
      for (const state of this.states.values()) state.reconnected();
      await delay(PAUSE_MS);
    }
  }

  private take(json: string): void {
    const frame = JSON.parse(json) as ServerFrame;
    // The reply to a sign-in: only fields of the new role arrive from here on.
    if (frame.type === 'authenticated') this.roles = [this.role];
    this.search(json);
    if (frame.type === 'connected') for (const channel of this.channels) this.subscribe(channel);
    const state = this.states.get(frame.channel ?? '');
    if (state === undefined) return;
    if (frame.type === 'error') setTimeout(() => this.subscribe(frame.channel!), PAUSE_MS);
    if (frame.type === 'subscribed' && frame.state === true) this.known.delete(frame.channel!);
    try {
      const before = state.held;
      state.takeFrame(frame);
      if (state.held === null || state.held === before) return;
      if (frame.type === 'state' && this.roles.length === 1) this.known.add(frame.channel!);
      this.note(frame.channel!, state);
    } catch (error) {
      this.log.problems.push(`${this.name}: ${(error as Error).message}: ${json.slice(0, 200)}`);
      this.socket?.terminate();
    }
  }

  /** Searches for names and values that none of its roles can see. */
  private search(json: string): void {
    if (!this.isRestricted) return;
    const leak = leakIn(this.roles.includes('admin') ? 'admin' : 'user', json);
    if (leak !== null) this.log.leaks.push(`${this.name} (${this.role}) received ${leak}: ${json.slice(0, 300)}`);
  }

  private note(channel: string, { held }: HeldState): void {
    if (this.isRestricted && !this.known.has(channel)) return;
    const { id, data } = held!;
    const values = valuesOf(this.shows, data);
    this.log.held.push({ client: this.name, channel, role: this.shows, id, values, at: performance.now() });
  }

  private subscribe(channel: string): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    const { held } = this.states.get(channel)!;
    const lastEventId = held === null ? {} : { lastEventId: held.id };
    this.socket.send(JSON.stringify({ type: 'subscribe', channel, state: true, ...lastEventId }));
  }

  /** Numbers that show that a run tested something. */
  get figures(): Record<'states' | 'patches' | 'resumes' | 'connections', number> {
    const total = { ...this.counts };
    for (const { counts } of this.states.values()) {
      total.states += counts.states;
      total.patches += counts.patches;
      total.resumes += counts.resumes;
    }
    return total;
  }
}
