import type { WebSocketClass } from '../web-socket.js';
import { Hub } from './hub.js';
import { Leadership, type Locks } from './leadership.js';
import type { Message, ToLeader, ToPorts } from './messages.js';

/** As much of `BroadcastChannel` as is used. */
export interface Broadcast {
  onmessage: ((event: never) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

/** What a browser has for this. */
export interface Env {
  readonly BroadcastChannel: new (name: string) => Broadcast;
  readonly locks: Locks;
  readonly WebSocket: WebSocketClass;
}

/** How long a leader may take to answer; then it is taken for frozen, and another tab leads. In milliseconds. */
const LEADER_ANSWERS_WITHIN_MS = 3_000;

/** How long a tab whose sockets ended stays in line: its client is about to come back. In milliseconds. */
const LINGER_MS = 10_000;

/** Reaches no other tab. */
const NO_BROADCAST: Broadcast = { onmessage: null, postMessage: () => undefined, close: () => undefined };

/** What this tab has open: its sockets, its place in the line of leaders, and while it leads the hub. */
export class Tab {
  // port → its socket
  readonly #sockets = new Map<string, { take(message: ToPorts): void }>();
  readonly #id = crypto.randomUUID();
  #broadcast = NO_BROADCAST;
  readonly #over = new AbortController();
  readonly #leadership: Leadership;
  /** Its own lock is held: from then on its end is noticed. */
  readonly #isHere: Promise<void>;
  #count = 0;
  #hub: Hub | undefined;
  // The tab that leads, as far as this one has heard: what another says, that led before, counts no more.
  #leader: string | undefined;
  #linger: ReturnType<typeof setTimeout> | undefined;
  // tabs that have sockets here: told when they are gone
  readonly #watched = new Set<string>();
  // port → its tab
  readonly #tabOf = new Map<string, string>();
  #patience: ReturnType<typeof setTimeout> | undefined;

  /** @param onEmpty it has no socket any more, and is over */
  constructor(
    private readonly name: string,
    private readonly world: Env,
    private readonly onEmpty: () => void,
  ) {
    this.#leadership = new Leadership(
      name,
      world.locks,
      this.#over.signal,
      () => this.#lead(),
      () => this.#follow(),
    );
    // Held for as long as this tab is there, however it ends: that is how the leader learns.
    this.#isHere = new Promise((resolve) => {
      const held = (): Promise<void> => {
        resolve();
        return this.#whileHere();
      };
      // A browser that blocks the storage of a page refuses its locks, and some its broadcasts: then it leads itself alone.
      const refused = (): void => {
        if (this.#over.signal.aborted) return;
        this.#broadcast.close();
        this.#broadcast = NO_BROADCAST;
        resolve();
        this.#lead();
      };
      try {
        this.#broadcast = new world.BroadcastChannel(name);
      } catch {
        return refused();
      }
      this.#broadcast.onmessage = ({ data }: { data: Message }) => {
        if (data.to === 'leader') this.#toHub(data.message);
        else if (this.#hub === undefined) this.#toPorts(data.from, data.message);
      };
      world.locks.request(this.#ownLock(this.#id), {}, held).catch(refused);
      this.#leadership.stand();
    });
  }

  /** @returns the name of the socket */
  add(socket: { take(message: ToPorts): void }): string {
    clearTimeout(this.#linger);
    this.#count += 1;
    const port = `${this.#id}/${this.#count}`;
    this.#sockets.set(port, socket);
    return port;
  }

  open(port: string, url: string, protocols: string[], socket: { readonly isAnonymous: boolean }): void {
    void this.#isHere.then(() => {
      if (!this.#sockets.has(port)) return;
      const { isAnonymous } = socket;
      this.tell({ op: 'open', port, tab: this.#id, url, protocols, isAnonymous });
      if (this.#patience === undefined) this.#waitForAnswer();
    });
  }

  tell(message: ToLeader): void {
    if (this.#hub !== undefined) this.#later(() => this.#toHub(message));
    else this.#broadcast.postMessage({ to: 'leader', message } satisfies Message);
  }

  /** @param isOurs whether the socket was ended from this side: then this tab is over with its last one */
  remove(port: string, isOurs: boolean): void {
    if (!this.#sockets.delete(port)) return;
    this.tell({ op: 'leave', port });
    if (this.#sockets.size > 0) return;
    this.#answered();
    if (isOurs) this.#end();
    else this.#linger = setTimeout(() => this.#end(), LINGER_MS);
  }

  #end(): void {
    clearTimeout(this.#linger);
    this.#dropHub();
    this.#over.abort();
    this.#broadcast.close();
    this.onEmpty();
  }

  /** Whoever leads answers soon, or is taken for frozen. */
  #waitForAnswer(): void {
    const lateAt = performance.now() + 2 * LEADER_ANSWERS_WITHIN_MS;
    this.#patience = setTimeout(() => {
      // It was this tab that slept: the answer may be there, unread.
      if (performance.now() > lateAt) return this.#waitForAnswer();
      this.#patience = undefined;
      if (this.#hub === undefined) this.#leadership.steal();
    }, LEADER_ANSWERS_WITHIN_MS);
  }

  #answered(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
  }

  #lead(): void {
    this.#dropHub();
    const tell = (message: ToPorts): void => {
      this.#broadcast.postMessage({ to: 'ports', from: this.#id, message } satisfies Message);
      this.#later(() => {
        if (this.#hub === hub) this.#toPorts(this.#id, message);
      });
    };
    const hub = (this.#hub = new Hub(this.world.WebSocket, tell));
    tell({ op: 'leads' });
  }

  /** Another leads: it has said so already, or will say so. */
  #follow(): void {
    this.#dropHub();
    this.#newLeader(undefined);
  }

  /** No message is sent: the next leader announces itself, and every socket then reconnects. */
  #dropHub(): void {
    const hub = this.#hub;
    this.#hub = undefined;
    this.#watched.clear();
    this.#tabOf.clear();
    hub?.drop();
  }

  #toHub(message: ToLeader): void {
    if (this.#hub === undefined) return;
    if (message.op === 'open') this.#watch(message.tab, message.port);
    else if (message.op === 'leave') this.#tabOf.delete(message.port);
    this.#hub.take(message);
  }

  /** A tab that crashes says nothing: its lock does. */
  #watch(tab: string, port: string): void {
    this.#tabOf.set(port, tab);
    if (tab === this.#id || this.#watched.has(tab)) return;
    this.#watched.add(tab);
    const gone = (): Promise<void> => {
      this.#watched.delete(tab);
      for (const [left, of] of this.#tabOf) {
        if (of !== tab) continue;
        this.#tabOf.delete(left);
        this.#hub?.leave(left);
      }
      return Promise.resolve();
    };
    this.world.locks.request(this.#ownLock(tab), { signal: this.#over.signal }, gone).catch(() => undefined);
  }

  #toPorts(from: string, message: ToPorts): void {
    if (message.op === 'leads') return this.#newLeader(from);
    this.#leader ??= from;
    if (from !== this.#leader) return;
    for (const port of message.ports) {
      const socket = this.#sockets.get(port);
      if (socket === undefined) continue;
      if (message.op === 'heard') this.#answered();
      socket.take(message);
    }
  }

  #newLeader(leader: string | undefined): void {
    this.#leader = leader;
    this.#answered();
    for (const socket of [...this.#sockets.values()]) socket.take({ op: 'leads' });
  }

  #whileHere(): Promise<void> {
    const { signal } = this.#over;
    return new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve())));
  }

  #ownLock(tab: string): string {
    return `${this.name} ${tab}`;
  }

  #later(work: () => void): void {
    void Promise.resolve().then(work);
  }
}
