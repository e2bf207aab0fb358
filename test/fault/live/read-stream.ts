import type { PartRecord } from './live-log.js';

/** The fields of a `stream` frame, and of `stream` in `subscribed`. */
export interface StreamPart {
  readonly id?: string | null;
  readonly at?: number;
  readonly next: number;
  readonly text?: string;
  readonly state?: string;
}

/** The place of one client in a stream, with the numbers of the server only. */
export class ReadStream {
  id: string | null = null;
  next = 0;
  state = 'none';
  /** Before a frame arrives in which the text begins anew. */
  private isFirst = true;

  /** Returns the place for the next `subscribe`. */
  get place(): object {
    return this.id === null ? {} : { id: this.id, at: this.next };
  }

  forget(): void {
    this.id = null;
    this.next = 0;
    this.isFirst = true;
  }

  /** Takes the answer of a subscription. */
  begin({ id, next, state }: StreamPart): void {
    if (id !== this.id || next < this.next) this.beginAnew(id ?? null);
    if (state === 'open' || state === 'none') this.state = state;
  }

  take({ id, at = 0, next, text = '', state = 'open' }: StreamPart): Omit<PartRecord, 'at' | 'client' | 'channel'> {
    if (id !== undefined && id !== this.id) this.beginAnew(id);
    const { next: had, isFirst } = this;
    this.next = next;
    this.state = state;
    this.isFirst &&= next === 0;
    return { kind: 'part', id: this.id ?? '', had, from: at, to: next, text, isFirst, state };
  }

  private beginAnew(id: string | null): void {
    this.id = id;
    this.next = 0;
    this.isFirst = true;
  }
}
