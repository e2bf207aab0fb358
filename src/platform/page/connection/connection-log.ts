import type { RealtimeClient } from '../../../client/index.js';
import { describeReturn } from './describe.js';

export interface LogEntry {
  readonly at: string;
  readonly kind: 'good' | 'lost' | 'missed';
  readonly text: string;
}

/** How many entries are kept. */
const LIMIT = 6;

/** What became of the connection, newest first: when it was lost, and what came of it. */
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

  /** @param channels whose return counts @returns ends it */
  watch(channels: readonly string[]): () => void {
    this.stops.push(
      this.client.on('state', ({ state, previous, reason }) => {
        if (state === 'connected' && this.lostAt === null) this.add('good', 'Connected');
        if (previous === 'connected') this.lost(reason);
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

  private lost(reason: string): void {
    this.lostAt = Date.now();
    this.resumed = 0;
    this.missed = 0;
    this.add('lost', `Connection lost: ${reason}`);
  }

  /** The channels answer one by one: one entry tells of all of them. */
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
