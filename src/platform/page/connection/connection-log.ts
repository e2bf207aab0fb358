import { createContext, useContext } from 'react';
import type { RealtimeClient, RealtimeEvent } from '../../../client/index.js';
import { describeLoss, describeReturn, type Return } from './describe.js';
import { Replays } from './replays.js';

export interface LogEntry {
  readonly at: string;
  readonly kind: 'good' | 'lost' | 'missed';
  readonly text: string;
  /** The result of a reconnect. */
  readonly isReturn: boolean;
}

/** Maximum number of entries. */
const LIMIT = 6;

/** Log of the connection, newest first: when it was lost, and how many events were recovered. */
export class ConnectionLog {
  readonly replays = new Replays();
  private entries: readonly LogEntry[] = [];
  private lostAt: number | null = null;
  private now: Omit<Return, 'awayMs'> = NOTHING;
  private readonly replayed = new WeakSet<object>();
  private readonly listeners = new Set<() => void>();

  readonly snapshot = (): readonly LogEntry[] => this.entries;

  readonly subscribe = (changed: () => void): (() => void) => {
    this.listeners.add(changed);
    return () => void this.listeners.delete(changed);
  };

  /** Returns true if the event was missed and recovered later. */
  isRecovered(event: RealtimeEvent): boolean {
    return this.replayed.has(event);
  }

  /** @param channels channels to count after a reconnect @returns a function that stops the log */
  watch(client: RealtimeClient, channels: readonly string[]): () => void {
    const stops = [
      client.on('state', ({ state, previous, code, reason }) => {
        if (state === 'connected' && this.lostAt === null) this.add('good', 'Connected');
        if (previous === 'connected') this.lost(describeLoss({ code, reason }));
      }),
    ];
    for (const name of channels) {
      const channel = client.channel<string>(name);
      stops.push(
        channel.on('state', ({ state, recovered }) => {
          if (state !== 'subscribed' || recovered === undefined) return;
          const { resumed, missed } = this.now;
          this.returned(recovered ? { resumed: resumed + 1 } : { missed: missed + 1 });
        }),
        channel.on('event', (event) => {
          if (this.lostAt === null || !this.replays.has(event)) return;
          this.replayed.add(event);
          this.returned({ recovered: this.now.recovered + 1 });
        }),
      );
    }
    return () => {
      for (const stop of stops) stop();
    };
  }

  private lost(text: string): void {
    this.lostAt = Date.now();
    this.now = NOTHING;
    this.add('lost', text);
  }

  /** Channels and events return one by one. One entry counts all of them. */
  private returned(change: Partial<Return>): void {
    if (this.lostAt === null) return;
    const [last, ...older] = this.entries;
    const isFirst = last?.isReturn !== true;
    const at = isFirst ? new Date().toISOString() : last.at;
    if (!isFirst) this.entries = older;
    this.now = { ...this.now, ...change };
    const text = describeReturn({ awayMs: Date.parse(at) - this.lostAt, ...this.now });
    this.add(this.now.missed > 0 ? 'missed' : 'good', text, at, true);
  }

  private add(kind: LogEntry['kind'], text: string, at = new Date().toISOString(), isReturn = false): void {
    this.entries = [{ at, kind, text, isReturn }, ...this.entries].slice(0, LIMIT);
    for (const changed of this.listeners) changed();
  }
}

const NOTHING = { resumed: 0, missed: 0, recovered: 0 };

export const ConnectionLogContext = createContext(new ConnectionLog());

/** Returns the log of this session's connection. */
export function useConnectionLog(): ConnectionLog {
  return useContext(ConnectionLogContext);
}
