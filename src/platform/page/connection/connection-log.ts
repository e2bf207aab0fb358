import type { RealtimeClient } from '../../../client/index.js';
import { describeLoss, describeReturn } from './describe.js';

export interface LogEntry {
  readonly at: string;
  readonly kind: 'good' | 'lost' | 'missed';
  readonly text: string;
}

/** Maximum number of entries. */
const LIMIT = 6;

/** Log of the connection, newest first: when it was lost, and which channels resumed. */
export class ConnectionLog {
  private entries: readonly LogEntry[] = [];
  private lostAt: number | null = null;
  private resumed = 0;
  private missed = 0;
  private stops: (() => void)[] = [];
  private readonly listeners = new Set<() => void>();

  constructor(private readonly client: RealtimeClient) {}

  readonly snapshot = (): readonly LogEntry[] => this.entries;

  readonly subscribe = (changed: () => void): (() => void) => {
    this.listeners.add(changed);
    return () => void this.listeners.delete(changed);
  };

  /** @param channels channels to count after a reconnect @returns a function that stops the log */
  watch(channels: readonly string[]): () => void {
    this.stops.push(
      this.client.on('state', ({ state, previous, code, reason }) => {
        if (state === 'connected' && this.lostAt === null) this.add('good', 'Connected');
        if (previous === 'connected') this.lost(describeLoss({ code, reason }));
      }),
    );
    for (const name of channels) {
      const stop = this.client.channel<string>(name).on('state', ({ state, recovered }) => {
        if (state === 'subscribed' && recovered !== undefined) this.returned(recovered);
      });
      this.stops.push(stop);
    }
    return () => {
      for (const stop of this.stops) stop();
      this.stops = [];
    };
  }

  private lost(text: string): void {
    this.lostAt = Date.now();
    this.resumed = 0;
    this.missed = 0;
    this.add('lost', text);
  }

  /** Channels resume one by one. One entry counts all of them. */
  private returned(recovered: boolean): void {
    if (this.lostAt === null) return;
    const isFirst = this.resumed + this.missed === 0;
    if (recovered) this.resumed += 1;
    else this.missed += 1;
    const [last, ...older] = this.entries;
    const awayMs = isFirst || last === undefined ? Date.now() - this.lostAt : Date.parse(last.at) - this.lostAt;
    if (!isFirst) this.entries = older;
    const text = describeReturn({ awayMs, resumed: this.resumed, missed: this.missed });
    this.add(this.missed > 0 ? 'missed' : 'good', text, isFirst ? undefined : last?.at);
  }

  private add(kind: LogEntry['kind'], text: string, at = new Date().toISOString()): void {
    this.entries = [{ at, kind, text }, ...this.entries].slice(0, LIMIT);
    for (const changed of this.listeners) changed();
  }
}
