import type { Locks } from '../../src/client/shared/leadership.js';
import type { Broadcast, Env } from '../../src/client/shared/tab.js';
import type { FakeRealtimeServer } from '../../src/testing/index.js';

/** The environment of a tab. While it is frozen, the tab runs nothing and sends nothing. */
export interface FakeWorld extends Env {
  freeze(): void;
  thaw(): void;
  /** Crashes the tab: it sends nothing more, and the browser releases its locks. */
  kill(): void;
}

/** An API that Firefox and Chromium deny to pages with blocked storage. */
export type Refused = 'locks' | 'BroadcastChannel';

const REFUSING: Locks = { request: () => Promise.reject(new Error('Access is denied')) };

/** State that the tabs of one browser share. */
export class FakeBrowser {
  readonly broadcasts = new Set<Broadcast & { readonly name: string; receive(data: unknown): void }>();
  // lock → the tab that holds it
  readonly held = new Map<string, { owner: object; end: (error?: Error) => void }>();
  readonly waiting: { owner: object; name: string; take: () => void }[] = [];

  world(server: Pick<FakeRealtimeServer, 'WebSocket'>, refused: readonly Refused[] = []): FakeWorld {
    const { broadcasts } = this;
    const owner = {};
    const ours = new Set<Broadcast>();
    // Work that was due while the tab was frozen.
    const waiting: (() => void)[] = [];
    let isFrozen = false;
    let isThawing = false;
    let isDead = false;
    const happen = (what: () => void): void => {
      if (isDead) return;
      if (isFrozen || isThawing) waiting.push(what);
      else void Promise.resolve().then(what);
    };
    /** Runs the missed work one by one, like a browser. The microtasks of each run before the next. */
    const thaw = async (): Promise<void> => {
      isFrozen = false;
      if (isThawing) return;
      isThawing = true;
      while (!isFrozen && waiting.length > 0) {
        waiting.shift()!();
        for (let left = 5; left > 0; left -= 1) await Promise.resolve();
      }
      isThawing = false;
    };
    const FakeBroadcast = class implements Broadcast {
      onmessage: Broadcast['onmessage'] = null;
      constructor(readonly name: string) {
        if (refused.includes('BroadcastChannel')) throw new Error('The operation is insecure');
        broadcasts.add(this);
        ours.add(this);
      }
      postMessage(message: unknown): void {
        if (isDead) return;
        if (!broadcasts.has(this)) throw new Error('InvalidStateError: this channel is closed');
        const data = structuredClone(message);
        const send = (): void => {
          for (const radio of broadcasts) if (radio !== this && radio.name === this.name) radio.receive(data);
        };
        if (isFrozen || waiting.length > 0) waiting.push(send);
        else send();
      }
      receive(data: unknown): void {
        happen(() => this.onmessage?.({ data } as never));
      }
      close(): void {
        broadcasts.delete(this);
      }
    };
    return {
      BroadcastChannel: FakeBroadcast,
      locks: refused.includes('locks') ? REFUSING : this.#locks(happen, owner),
      WebSocket: server.WebSocket,
      freeze: () => {
        isFrozen = true;
      },
      thaw: () => void thaw(),
      kill: () => {
        isDead = true;
        waiting.splice(0);
        for (const radio of ours) radio.close();
        for (const entry of this.waiting.filter((each) => each.owner === owner)) {
          this.waiting.splice(this.waiting.indexOf(entry), 1);
        }
        for (const [name, lock] of [...this.held].filter(([, each]) => each.owner === owner)) {
          if (this.held.get(name) === lock) this.held.delete(name);
          this.#next(name);
        }
      },
    };
  }

  #locks(happen: (what: () => void) => void, owner: object): Locks {
    return {
      request: (name, { steal, signal }, held) =>
        new Promise((resolve, reject) => {
          const take = (): void => {
            const own = { owner, end: (error?: Error) => happen(() => (error ? reject(error) : resolve(undefined))) };
            this.held.set(name, own);
            const free = (): void => {
              if (this.held.get(name) === own) this.held.delete(name);
              own.end();
              this.#next(name);
            };
            happen(() => void held().then(free));
          };
          happen(() => {
            if (signal?.aborted === true) return reject(new Error('aborted'));
            if (steal === true) {
              this.held.get(name)?.end(new Error('stolen'));
              return take();
            }
            if (!this.held.has(name)) return take();
            const abort = (): void => {
              const at = this.waiting.indexOf(entry);
              if (at >= 0) this.waiting.splice(at, 1);
              if (at >= 0) reject(new Error('aborted'));
            };
            const entry = {
              owner,
              name,
              take: () => {
                signal?.removeEventListener('abort', abort);
                take();
              },
            };
            this.waiting.push(entry);
            signal?.addEventListener('abort', abort);
          });
        }),
    };
  }

  #next(name: string): void {
    const at = this.waiting.findIndex((entry) => entry.name === name);
    if (at >= 0 && !this.held.has(name)) this.waiting.splice(at, 1)[0]?.take();
  }
}
