import type pg from 'pg';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerFrame } from '../../../src/protocol/frames.js';
import type { WsClient } from '../../support/ws-client.js';
import type { Change, Reload } from './compare.js';

/** Keeps the events of one connection, and reads the state from the database at each resync, as an application does. */
export class ReloadingSubscriber {
  /** Events and reloads in order of receipt. A reload has the position of its resync: what follows must be live. */
  readonly received: (Change | Reload)[] = [];
  resyncs = 0;
  private reloads: Promise<void>[] = [];

  constructor(
    client: WsClient,
    private readonly pool: pg.Pool,
  ) {
    client.socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as ServerFrame;
      if (frame.type === 'event') this.received.push(frame.data as Change);
      if (frame.type === 'resync') this.reloads.push(this.reload(frame.channel));
    });
  }

  /** Resolves with the last change that the subscriber knows of this channel; 0 for none. */
  async last(channel: string): Promise<number> {
    await Promise.all(this.reloads);
    return this.received.reduce((most, item) => {
      const of = 'reloaded' in item ? item.reloaded : item.channel;
      return of === channel ? Math.max(most, item.n) : most;
    }, 0);
  }

  private async reload(channel: string): Promise<void> {
    this.resyncs += 1;
    const reload = { reloaded: channel, n: 0 };
    this.received.push(reload);
    reload.n = await this.lastCommitted(channel);
  }

  private async lastCommitted(channel: string): Promise<number> {
    for (;;) {
      try {
        const sql = 'select coalesce(max(n), 0)::int as n from changes where channel = $1';
        const { rows } = await this.pool.query<{ n: number }>(sql, [channel]);
        return rows[0]!.n;
      } catch {
        await delay(20); // the run ends connections to Postgres
      }
    }
  }
}
