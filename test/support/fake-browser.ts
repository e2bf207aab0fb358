import type { Locks } from '../../src/client/shared/leadership.js';
import type { Radio, World } from '../../src/client/shared/tab.js';
import type { FakeRealtimeServer } from '../../src/testing/index.js';

/** What a tab lives in. While it is frozen nothing happens in it, and nothing leaves it. */
export interface FakeWorld extends World {
  freeze(): void;
  thaw(): void;
}

/** What tabs of one browser have in common. */
export class FakeBrowser {
  readonly radios = new Set<Radio & { readonly name: string; receive(data: unknown): void }>();
  // lock → who holds it, and who waits
  readonly held = new Map<string, { end: (error?: Error) => void }>();
  readonly waiting: { name: string; take: () => void }[] = [];

  world(server: FakeRealtimeServer): FakeWorld {
    const { radios } = this;
    let frozen: (() => void)[] | null = null;
    const happen = (what: () => void): void => {
      if (frozen === null) void Promise.resolve().then(what);
      else frozen.push(what);
    };
    const FakeRadio = class implements Radio {
      onmessage: Radio['onmessage'] = null;
      constructor(readonly name: string) {
        radios.add(this);
      }
      postMessage(message: unknown): void {
        const data = structuredClone(message);
        const send = (): void => {
          for (const radio of radios) if (radio !== this && radio.name === this.name) radio.receive(data);
        };
        if (frozen === null) send();
        else frozen.push(send);
      }
      receive(data: unknown): void {
        happen(() => this.onmessage?.({ data } as never));
      }
      close(): void {
        radios.delete(this);
      }
    };
    return {
      BroadcastChannel: FakeRadio,
      locks: this.#locks(happen),
      WebSocket: server.WebSocket,
      freeze: () => (frozen ??= []),
      thaw: () => {
        const all = frozen ?? [];
        frozen = null;
        for (const what of all) what();
      },
    };
  }

  #locks(happen: (what: () => void) => void): Locks {
    return {
      request: (name, { steal, signal }, held) =>
        new Promise((resolve, reject) => {
          const take = (): void => {
            const own = { end: (error?: Error) => happen(() => (error ? reject(error) : resolve(undefined))) };
            this.held.set(name, own);
            const free = (): void => {
              if (this.held.get(name) === own) this.held.delete(name);
              own.end();
              this.#next(name);
            };
            void held().then(free);
          };
          if (steal === true) {
            this.held.get(name)?.end(new Error('stolen'));
            return take();
          }
          if (!this.held.has(name)) return take();
          const entry = { name, take };
          this.waiting.push(entry);
          signal?.addEventListener('abort', () => {
            const at = this.waiting.indexOf(entry);
            if (at >= 0) this.waiting.splice(at, 1);
            if (at >= 0) reject(new Error('aborted'));
          });
        }),
    };
  }

  #next(name: string): void {
    const at = this.waiting.findIndex((entry) => entry.name === name);
    if (at >= 0 && !this.held.has(name)) this.waiting.splice(at, 1)[0]?.take();
  }
}
