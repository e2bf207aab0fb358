import { events, follow, type Stop } from '../../../src/client/index.js';
import { follows, userOf } from './channel-watch.js';
import type { ClientWatch } from './client-watch.js';

/** Behavior of the loader of `follow`. */
export const LOADS = ['good', 'slow', 'rejects', 'throws', 'hangs'] as const;

interface Followed {
  readonly stop: Stop;
  offset: number | undefined;
}

/** Uses channels as an application does: `for await`, `follow` and requests. */
export class Consumers {
  load: (typeof LOADS)[number] = 'good';
  #iterators = 0;
  readonly #stops = new Map<string, (() => void)[]>();
  readonly #followed = new Map<string, Followed>();
  // request → its connection and the time by which it must be settled
  readonly #requests = new Map<object, { readonly on: object; readonly endsAt: number }>();

  /** @param topOf returns the offset of a channel's last event */
  constructor(
    private readonly watch: ClientWatch,
    private readonly topOf: (name: string) => number,
  ) {}

  iterate(name: string): void {
    const iterator = events(this.watch.client.channel<string>(name))[Symbol.asyncIterator]();
    this.#stops.set(name, [...(this.#stops.get(name) ?? []), () => void iterator.return?.()]);
    this.#iterators += 1;
    const read = async (): Promise<void> => {
      let last: string | undefined;
      for (;;) {
        const { done, value } = await iterator.next();
        if (done === true) return;
        if (last !== undefined && !value.missed && !follows(value.id!, last)) {
          this.watch.report(`${name}: for await gets ${value.id} after ${last}`);
        }
        last = value.id;
        const { slowMs } = this.watch;
        if (slowMs > 0) await new Promise((resolve) => setTimeout(resolve, slowMs));
      }
    };
    void read()
      .catch(() => undefined) // the server refused the channel
      .finally(() => (this.#iterators -= 1));
  }

  stopIterating(name: string): void {
    this.#stops.get(name)?.pop()?.();
  }

  isFollowing(name: string): boolean {
    return this.#followed.has(name);
  }

  /** Follows a channel, or stops following it. */
  toggleFollowing(name: string): void {
    const former = this.#followed.get(name);
    if (former !== undefined) {
      this.#followed.delete(name);
      return former.stop();
    }
    const { client } = this.watch;
    const own: { offset: number | undefined } = { offset: undefined };
    const stop = follow(client.channel<string>(name), {
      load: ({ signal }) => {
        if (client.identity === null) this.watch.report(`${name}: a load begins, and it is not known for whom`);
        if (this.load === 'throws') throw new Error('no state');
        if (this.load === 'rejects') return Promise.reject(new Error('no state'));
        const state = { as: client.identity?.user?.userId ?? null, offset: this.topOf(name) };
        return new Promise<typeof state>((resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')));
          if (this.load !== 'hangs')
            setTimeout(() => resolve(state), Math.random() * (this.load === 'slow' ? 20_000 : 3_000));
        });
      },
      onLoad: ({ as, offset }) => {
        this.watch.checkUser(as, `${name}: the state`);
        own.offset = offset;
      },
      onEvent: ({ id, data }) => {
        this.watch.checkUser(userOf(data), `${name}: a followed event`);
        const offset = Number(id?.split('-')[1]);
        if (own.offset === undefined || offset > own.offset + 1) {
          this.watch.report(`${name}: follow gets ${offset} after ${own.offset}`);
        }
        own.offset = Math.max(own.offset ?? 0, offset);
      },
    });
    this.#followed.get(name)?.stop(); // a listener may have started another one during the call of follow
    this.#followed.set(name, Object.assign(own, { stop }));
  }

  /** @param way type and timeout of the request */
  request(way: 'ping' | 'hurried' | 'aborted' | 'stats'): void {
    const abort = new AbortController();
    const own = {};
    const ms = way === 'hurried' ? 300 : way === 'aborted' ? 0 : 10_000;
    const { client } = this.watch;
    const isConnected = client.state === 'connected';
    const answer: Promise<{ readonly type: string }> = client.request(
      { type: way === 'stats' ? 'stats' : 'ping' },
      { signal: abort.signal, ...(way === 'hurried' && { timeoutMs: ms }) },
    );
    this.#requests.set(own, { on: client.change, endsAt: performance.now() + ms });
    void answer
      .then(
        ({ type }) => type !== 'pong' && this.watch.report(`a ping is answered by ${type}`),
        ({ code }: { code?: string }) => {
          if (!isConnected && code !== 'not_connected') this.watch.report(`without a connection: ${code}`);
        },
      )
      .finally(() => this.#requests.delete(own));
    if (way === 'aborted') abort.abort();
  }

  /** Checks the invariants between two steps. */
  check(): void {
    for (const { on, endsAt } of this.#requests.values()) {
      if (on !== this.watch.client.change) this.watch.report('a request continues without its connection');
      if (performance.now() > endsAt + 1) this.watch.report('a request is never settled');
    }
  }

  /** Checks the followed channels after recovery, when nothing is in flight. */
  checkAtRest(): void {
    for (const [name, { offset }] of this.#followed) {
      if (offset !== this.topOf(name)) this.watch.report(`${name}: follow stands at ${offset} of ${this.topOf(name)}`);
    }
  }

  stopFollowing(): void {
    for (const { stop } of this.#followed.values()) stop();
    this.#followed.clear();
  }

  /** Checks that nothing is left after close(). */
  checkAtEnd(): void {
    if (this.#iterators > 0) this.watch.report(`${this.#iterators} iterators continue after close()`);
    if (this.#requests.size > 0) this.watch.report('a request is not settled by close()');
  }
}
