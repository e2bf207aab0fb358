import type { WebSocketClass } from '../web-socket.js';
import { Hub } from './hub.js';
import type { Message, ToLeader, ToPorts } from './messages.js';

/** As much of `BroadcastChannel` as is used. */
export interface Radio {
  onmessage: ((event: never) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

/** As much of `navigator.locks` as is used. */
export interface Locks {
  request(
    name: string,
    options: { readonly steal?: boolean; readonly signal?: AbortSignal },
    held: () => Promise<void>,
  ): Promise<unknown>;
}

/** What a browser has for this. */
export interface World {
  readonly BroadcastChannel: new (name: string) => Radio;
  readonly locks: Locks;
  readonly WebSocket: WebSocketClass;
}

/** How long a leader may take to answer; then it is taken for frozen, and another tab leads. In milliseconds. */
const LEADER_ANSWERS_WITHIN_MS = 3_000;

/** How long a tab whose sockets ended stays in line: its client is about to come back. In milliseconds. */
const LINGER_MS = 10_000;

/** What this tab has open: its sockets, its place in the line of leaders, and while it leads the hub. */
export class Tab {
  // port → its socket
  readonly #sockets = new Map<string, { take(message: ToPorts): void }>();
  readonly #id = crypto.randomUUID();
  readonly #radio: Radio;
  readonly #over = new AbortController();
  #count = 0;
  #hub: Hub | undefined;
  #linger: ReturnType<typeof setTimeout> | undefined;
  // tabs that have sockets here: told when they are gone
  readonly #watched = new Set<string>();
  // port → its tab
  readonly #tabOf = new Map<string, string>();
  #patience: ReturnType<typeof setTimeout> | undefined;

  /** @param onEmpty it has no socket any more, and is over */
  constructor(
    private readonly name: string,
    private readonly world: World,
    private readonly onEmpty: () => void,
  ) {
    this.#radio = new world.BroadcastChannel(name);
    this.#radio.onmessage = ({ data }: { data: Message }) => {
      if (data.to === 'ports') this.#toPorts(data.message);
      else if (this.#hub !== undefined) this.#toHub(data.message);
    };
    // Held for as long as this tab is there, however it ends: that is how the leader learns.
    this.#hold(this.#ownLock(this.#id), {}, () => undefined);
    this.#stand(false);
  }

  /** @returns the name of the socket */
  add(socket: { take(message: ToPorts): void }): string {
    clearTimeout(this.#linger);
    this.#count += 1;
    const port = `${this.#id}/${this.#count}`;
    this.#sockets.set(port, socket);
    return port;
  }

  open(port: string, url: string, protocols: string[]): void {
    this.tell({ op: 'open', port, tab: this.#id, url, protocols });
    this.#patience ??= setTimeout(() => this.#stand(true), LEADER_ANSWERS_WITHIN_MS);
  }

  tell(message: ToLeader): void {
    if (this.#hub !== undefined) this.#later(() => this.#toHub(message));
    else this.#radio.postMessage({ to: 'leader', message } satisfies Message);
  }

  /** @param isOurs whether the socket was ended from this side: then this tab is over with its last one */
  remove(port: string, isOurs: boolean): void {
    if (!this.#sockets.delete(port)) return;
    this.tell({ op: 'leave', port });
    if (this.#sockets.size > 0) return;
    if (isOurs) this.#end();
    else this.#linger = setTimeout(() => this.#end(), LINGER_MS);
  }

  #end(): void {
    clearTimeout(this.#linger);
    clearTimeout(this.#patience);
    this.#stepDown();
    this.#over.abort();
    this.#radio.close();
    this.onEmpty();
  }

  /** Gets in line to lead, or (a leader does not answer) to the head of it. */
  #stand(steal: boolean): void {
    this.#patience = undefined;
    if (this.#over.signal.aborted || this.#hub !== undefined) return;
    this.#hold(this.name, steal ? { steal } : { signal: this.#over.signal }, () => this.#lead());
  }

  #hold(lock: string, options: { steal?: boolean; signal?: AbortSignal }, held: () => void): void {
    const whileHere = (): Promise<void> =>
      new Promise((resolve) => {
        if (this.#over.signal.aborted) return resolve();
        this.#over.signal.addEventListener('abort', () => resolve());
        held();
      });
    // Rejected where it was stolen, or this tab is over: then another leads.
    this.world.locks.request(lock, options, whileHere).catch(() => {
      if (lock !== this.name) return;
      this.#stepDown();
      this.#stand(false);
    });
  }

  #lead(): void {
    this.#hub = new Hub(this.world.WebSocket, (message) => {
      this.#radio.postMessage({ to: 'ports', message } satisfies Message);
      this.#later(() => this.#toPorts(message));
    });
    this.#radio.postMessage({ to: 'ports', message: { op: 'leads' } } satisfies Message);
    this.#later(() => this.#toPorts({ op: 'leads' }));
  }

  #stepDown(): void {
    const hub = this.#hub;
    this.#hub = undefined;
    this.#watched.clear();
    this.#tabOf.clear();
    hub?.close(1012, 'another tab leads');
  }

  #toHub(message: ToLeader): void {
    if (message.op === 'open') this.#watch(message.tab, message.port);
    this.#hub?.take(message);
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

  #toPorts(message: ToPorts): void {
    if (message.op === 'leads') {
      clearTimeout(this.#patience);
      this.#patience = undefined;
      for (const socket of [...this.#sockets.values()]) socket.take(message);
      return;
    }
    for (const port of message.ports) {
      const socket = this.#sockets.get(port);
      if (socket === undefined) continue;
      if (message.op === 'heard') {
        clearTimeout(this.#patience);
        this.#patience = undefined;
      }
      socket.take(message);
    }
  }

  #ownLock(tab: string): string {
    return `${this.name} ${tab}`;
  }

  #later(work: () => void): void {
    void Promise.resolve().then(work);
  }
}
