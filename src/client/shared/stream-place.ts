import type { StreamFrame, StreamFrom, StreamInfo } from '../../protocol/streams.js';

/** How far a shared subscription has read a stream: every socket that uses it has all bytes before this place. */
export class StreamPlace {
  #id: string | undefined;
  #next = 0;

  /** Returns the place from which the subscription must continue for a socket that joins: its place, if it is behind. */
  before(from: StreamFrom): StreamFrom {
    const { id, at = 0 } = from;
    return id !== undefined && id === this.#id && this.#next < at ? { id, at: this.#next } : from;
  }

  took({ id = this.#id, next }: StreamFrame): void {
    this.#id = id;
    this.#next = next;
  }

  /**
   * The server has answered a subscription.
   * @returns `another` if it has another stream now, `lost` if it has fewer bytes than it has sent
   */
  opened({ id, start, next }: StreamInfo, asked: StreamFrom): 'same' | 'another' | 'lost' {
    const [known, had] = [this.#id, this.#next];
    const { at = 0 } = asked;
    const isResumed = asked.id === id && at <= next;
    this.#id = id ?? undefined;
    this.#next = isResumed ? Math.max(at, start) : start;
    if (known === undefined || id === null) return 'same';
    return known !== id ? 'another' : next < had ? 'lost' : 'same';
  }

  clear(): void {
    this.#id = undefined;
    this.#next = 0;
  }
}
