import type { WebSocketClass } from '../web-socket.js';
import { Hub } from './hub.js';
import { Leadership, type Locks } from './leadership.js';
import type { Message, ToLeader, ToPorts } from './messages.js';

/** The part of `BroadcastChannel` that is used. */
export interface Broadcast {
  onmessage: ((event: never) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

/** The browser APIs that sharing needs. */
export interface Env {
  readonly BroadcastChannel: new (name: string) => Broadcast;
  readonly locks: Locks;
  readonly WebSocket: WebSocketClass;
}

/** Timeout for the leader's reply, in milliseconds. After it the leader counts as frozen, and another tab leads. */
const LEADER_ANSWERS_WITHIN_MS = 3_000;

/** Time that a tab stays in the queue after its sockets ended, in milliseconds: its client is about to reconnect. */
const LINGER_MS = 10_000;

/** A broadcast that reaches no other tab. */
const NO_BROADCAST: Broadcast = { onmessage: null, postMessage: () => undefined, close: () => undefined };

/** One tab: its sockets, its place in the queue of leaders, and the hub while it leads. */
export class Tab {
  // port → its socket
  readonly #sockets = new Map<string, { take(message: ToPorts): void }>();
  readonly #id = crypto.randomUUID();
  #broadcast = NO_BROADCAST;
  readonly #over = new AbortController();
  readonly #leadership: Leadership;
  /** Resolves once the tab's lock is held: from then on the leader notices its end. */
  readonly #lockHeld: Promise<void>;
  #count = 0;
  #hub: Hub | undefined;
  // The leading tab, as known here. Messages of a former leader are ignored.
  #leader: string | undefined;
  #linger: ReturnType<typeof setTimeout> | undefined;
  // tabs with sockets here, watched for their end
  readonly #watched = new Set<string>();
  // port → its tab
  readonly #tabOf = new Map<string, string>();
  #answerTimer: ReturnType<typeof setTimeout> | undefined;

  /** @param onEmpty called when the tab has no socket left and has ended */
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
    // Held until this tab ends in any way: that is how the leader notices.
    this.#lockHeld = new Promise((resolve) => {
      const held = (): Promise<void> => {
        resolve();
        return this.#whileHere();
      };
      // A browser that blocks storage refuses locks, and sometimes broadcasts: the tab then leads only itself.
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
      this.#leadership.queue();
    });
  }

  /** @returns the port of the socket */
  add(socket: { take(message: ToPorts): void }): string {
    clearTimeout(this.#linger);
    this.#count += 1;
    const port = `${this.#id}/${this.#count}`;
    this.#sockets.set(port, socket);
    return port;
  }

  open(port: string, url: string, protocols: string[], socket: { readonly isAnonymous: boolean }): void {
    void this.#lockHeld.then(() => {
      if (!this.#sockets.has(port)) return;
      const { isAnonymous } = socket;
      this.sendToLeader({ op: 'open', port, tab: this.#id, url, protocols, isAnonymous });
      if (this.#answerTimer === undefined) this.#waitForAnswer();
    });
  }

  sendToLeader(message: ToLeader): void {
    if (this.#hub !== undefined) this.#later(() => this.#toHub(message));
    else this.#broadcast.postMessage({ to: 'leader', message } satisfies Message);
  }

  /** @param isOurs true if the client closed the socket: the tab ends with its last one */
  remove(port: string, isOurs: boolean): void {
    if (!this.#sockets.delete(port)) return;
    this.sendToLeader({ op: 'leave', port });
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

  /** Waits for the leader's reply. Without one, the leader counts as frozen. */
  #waitForAnswer(): void {
    const lateAt = performance.now() + 2 * LEADER_ANSWERS_WITHIN_MS;
    this.#answerTimer = setTimeout(() => {
      // A late timer means that this tab slept, and the reply may be unread.
      if (performance.now() > lateAt) return this.#waitForAnswer();
      this.#answerTimer = undefined;
      if (this.#hub === undefined) this.#leadership.steal();
    }, LEADER_ANSWERS_WITHIN_MS);
  }

  #answered(): void {
    clearTimeout(this.#answerTimer);
    this.#answerTimer = undefined;
  }

  #lead(): void {
    this.#dropHub();
    const send = (message: ToPorts): void => {
      this.#broadcast.postMessage({ to: 'ports', from: this.#id, message } satisfies Message);
      this.#later(() => {
        if (this.#hub === hub) this.#toPorts(this.#id, message);
      });
    };
    const hub = (this.#hub = new Hub(this.world.WebSocket, send));
    send({ op: 'leads' });
  }

  /** Another tab leads. It announces itself before or after this. */
  #follow(): void {
    this.#dropHub();
    this.#newLeader(undefined);
  }

  /** Drops the hub without a message: the next leader announces itself, and every socket then reconnects. */
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

  /** Watches the lock of a tab, because a crashed tab sends no message. */
  #watch(tab: string, port: string): void {
    this.#tabOf.set(port, tab);
    if (tab === this.#id || this.#watched.has(tab)) return;
    this.#watched.add(tab);
    const onTabEnded = (): Promise<void> => {
      this.#watched.delete(tab);
      for (const [left, of] of this.#tabOf) {
        if (of !== tab) continue;
        this.#tabOf.delete(left);
        this.#hub?.leave(left);
      }
      return Promise.resolve();
    };
    this.world.locks.request(this.#ownLock(tab), { signal: this.#over.signal }, onTabEnded).catch(() => undefined);
  }

  #toPorts(from: string, message: ToPorts): void {
    if (message.op === 'leads') return this.#newLeader(from);
    this.#leader ??= from;
    if (from !== this.#leader) return;
    for (const port of message.ports) {
      const socket = this.#sockets.get(port);
      if (socket === undefined) continue;
      if (message.op === 'accepted') this.#answered();
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
