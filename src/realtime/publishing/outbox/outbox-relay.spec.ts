import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { RedisBridge } from '../../delivery/redis-bridge.service.js';
import { RealtimeUnavailableError } from '../../broker/errors.js';
import { Counters } from '../../observability/counters.js';
import { InvalidEventError } from '../errors.js';
import type { EventsPublisher } from '../events-publisher.js';
import { FinalEvents } from '../final-events.js';
import type { OutboxDatabase } from './outbox-database.js';
import { OutboxRelay } from './outbox-relay.service.js';
import type { OutboxRow } from './outbox-table.js';

/** An in-memory table that answers the statements of one relay. */
class Table implements OutboxDatabase {
  rows: OutboxRow[] = [];
  readonly setAside: string[] = [];
  readonly held: string[] = [];
  takes = 0;
  broken: Error | null = null;
  notify: () => void = () => undefined;

  add(channel: string, ageMs = 0): void {
    const id = String(this.rows.length + 1);
    this.rows.push({ id, key: `key ${id}`, channel, tenant: null, exceptFor: null, cause: null, data: id, ageMs });
  }

  async query<Row extends object>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    if (this.broken !== null) throw this.broken;
    return this.answer(sql, parameters) as Row[];
  }

  async transaction<T>(work: (statements: Table) => Promise<T>): Promise<T> {
    return work(this);
  }

  async listen(_channel: string, callback: () => void): Promise<() => Promise<void>> {
    this.notify = callback;
    return async () => undefined;
  }

  private answer(sql: string, parameters: readonly unknown[]): object[] {
    if (sql.startsWith('set local')) this.held.push(sql);
    if (sql.includes('pg_try_advisory')) {
      this.takes += 1;
      const without = JSON.parse(parameters[1] as string) as string[];
      const oldest = this.rows.filter(({ channel }) => !without.includes(channel)).slice(0, parameters[0] as number);
      return [...new Set(oldest.map(({ channel }) => channel))].map((channel) => ({ channel, ours: true }));
    }
    if (sql.includes('for update skip locked')) {
      const channels = JSON.parse(parameters[1] as string) as string[];
      return this.rows.filter(({ channel }) => channels.includes(channel)).slice(0, parameters[0] as number);
    }
    if (sql.includes('delete from')) this.remove(JSON.parse(parameters[0] as string) as string[]);
    if (sql.includes('set set_aside_at = now()')) {
      this.setAside.push(`${String(parameters[0])}: ${String(parameters[1])}`);
      this.remove([parameters[0] as string]);
    }
    return [];
  }

  private remove(ids: readonly string[]): void {
    this.rows = this.rows.filter(({ id }) => !ids.includes(id));
  }
}

const POLL_MS = 1_000;

describe('OutboxRelay', () => {
  let table: Table;
  let relay: OutboxRelay;
  let finalEvents: FinalEvents;
  let published: string[];
  let refusals: Map<string, Error>;
  let status: { up: boolean };

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    for (const level of ['log', 'warn', 'error'] as const) jest.spyOn(Logger.prototype, level).mockReturnValue();
    table = new Table();
    [published, refusals, status] = [[], new Map<string, Error>(), { up: true }];
    const events = {
      publishJson: async (channel: string, data: string) => {
        const refusal = refusals.get(channel);
        if (refusal !== undefined) throw refusal;
        published.push(`${channel} ${data}`);
      },
    };
    finalEvents = new FinalEvents();
    relay = new OutboxRelay(
      { database: table, relay: true, batchSize: 3, pollIntervalMs: POLL_MS, rememberMs: 60_000 },
      events as unknown as EventsPublisher,
      {
        get status() {
          return status;
        },
      } as unknown as RedisBridge,
      new Counters(),
      finalEvents,
    );
  });
  afterEach(async () => {
    await relay.onApplicationShutdown();
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  const settle = async (): Promise<void> => {
    for (let count = 0; count < 30; count += 1) await new Promise<void>((resolve) => void setImmediate(resolve));
  };
  const start = async (): Promise<void> => {
    await relay.onApplicationBootstrap();
    await settle();
  };
  const pass = async (milliseconds: number): Promise<void> => {
    await jest.advanceTimersByTimeAsync(milliseconds);
    await settle();
  };

  it('sends all waiting events in batches, without a pause between them', async () => {
    for (let count = 0; count < 7; count += 1) table.add('apps');
    await start();
    expect(published).toHaveLength(7);
    expect(table.rows).toEqual([]);
    expect(table.held.length).toBe(3); // each transaction has a time limit
  });

  it('sends events that are committed later after a notification, otherwise within its interval', async () => {
    await start();
    table.add('apps');
    table.notify();
    await settle();
    expect(published).toHaveLength(1);
    table.add('apps');
    await pass(POLL_MS);
    expect(published).toHaveLength(2);
  });

  it('waits for its interval after Redis refused an event, and keeps the order of the channel', async () => {
    for (const channel of ['apps', 'storage', 'apps', 'apps', 'apps']) table.add(channel);
    refusals.set('apps', new RealtimeUnavailableError('not now'));
    await start();
    expect(published).toEqual(['storage 2']);
    const { takes } = table;
    await pass(POLL_MS - 1);
    expect(table.takes).toBe(takes);
    refusals.clear();
    await pass(1);
    expect(published).toEqual(['storage 2', 'apps 1', 'apps 3', 'apps 4', 'apps 5']);
  });

  it('skips unknown channels for five minutes, and sends the others', async () => {
    for (let count = 0; count < 3; count += 1) table.add('of a newer version');
    table.add('apps');
    refusals.set('of a newer version', new InvalidEventError('channel', 'is unknown'));
    await start();
    await pass(POLL_MS);
    expect(published).toEqual(['apps 4']);
    refusals.clear();
    await pass(298_000);
    expect(published).toHaveLength(1);
    await pass(2_000);
    expect(published).toHaveLength(4);
  });

  it('sets aside events that can never be published, and those of channels unknown for five minutes', async () => {
    table.add('apps');
    table.add('unknown', 300_001);
    table.add('storage');
    refusals.set('apps', new InvalidEventError('data', 'is too large'));
    refusals.set('unknown', new InvalidEventError('channel', 'is unknown'));
    await start();
    expect(table.setAside).toEqual(['1: data is too large', '2: channel is unknown']);
    expect(published).toEqual(['storage 3']);
  });

  it('reads nothing while Redis is unavailable, and sends within 200 ms when it is back', async () => {
    table.add('apps');
    status.up = false;
    await start();
    await pass(10_000);
    expect(table.takes).toBe(0);
    status.up = true;
    await pass(200);
    expect(published).toEqual(['apps 1']);
  });

  it('continues after a database failure, not before its interval has passed', async () => {
    table.add('apps');
    table.broken = new Error('no connection');
    await start();
    table.broken = null;
    await pass(POLL_MS - 1);
    expect(published).toEqual([]);
    await pass(1);
    expect(published).toEqual(['apps 1']);
  });

  it('sends committed events before a shutdown, and waits no longer than that', async () => {
    await start();
    table.add('apps');
    const first = finalEvents.publish();
    await settle();
    await first;
    expect(published).toEqual(['apps 1']);
  });

  it('stops at once if Redis refuses events during the shutdown, and reads no more rows', async () => {
    refusals.set('apps', new RealtimeUnavailableError('not now'));
    table.add('apps');
    await start();
    await finalEvents.publish();
    await relay.onApplicationShutdown();
    const { takes } = table;
    await pass(60_000);
    expect(table.takes).toBe(takes);
  });

  it.each(['42P01', '42703'])('does not start if the table is missing or outdated (%s)', async (code) => {
    table.broken = Object.assign(new Error('missing'), { code });
    await expect(relay.onModuleInit()).rejects.toThrow('OUTBOX_MIGRATION');
  });

  it('starts while the database is unavailable', async () => {
    table.broken = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    await expect(relay.onModuleInit()).resolves.toBeUndefined();
  });
});
