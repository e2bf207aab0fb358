import type { Redis } from 'ioredis';
import type { Position, RecoveryReason } from '../../../protocol/index.js';
import type { BrokerEvent, HistoryPage, ReadLimits, ReadResult } from '../../broker/broker.js';
import { RealtimeUnavailableError } from '../../broker/errors.js';
import { needsReconnect, hasMovedSlot } from './script-replies.js';
import { refreshSlots, runScript, type Client } from './client.js';
import type { ForeignData } from '../../observability/foreign-data.js';
import type { Keys } from './keys.js';
import type { RedisTarget } from './redis-address.js';
import { connectMaster } from './redis-target.js';
import { SCRIPTS } from './all-scripts.js';
import { PAGE } from './page-script.js';
import { POSITIONS, READ } from './scripts.js';
import { Semaphore } from './semaphore.js';
import { ConnectionSupervisor } from './supervisor.js';
import { freshEpoch, markOf, parseEntry, type HistoryEvent } from './message-format.js';

/** Size limit of the first read. Most gaps are smaller; a larger one is read again with the full limit. */
const SMALL_READ_BYTES = 65_536;
/** Limits of concurrent reads. Redis buffers the replies until this instance has read them. */
const SMALL_READS_AT_ONCE = 128;
const LARGE_BYTES_AT_ONCE = 16_777_216;
const PAGES_AT_ONCE = 16;

/** Position of a channel, and the mark of the event there if the history contains it. */
export interface ChannelPosition {
  readonly position: Position;
  readonly mark?: number;
}

/**
 * Reads logs over a separate connection. The subscribing connection has an output limit (`client-output-buffer-limit pubsub`), at
 * which Redis closes it. After a reconnect, all channels read their gaps at the same time.
 */
export class Reader {
  /** `null` in a Cluster, where reads go to the owner of the channel's slot. */
  readonly connection: ConnectionSupervisor<Redis> | null;
  private readonly small = new Semaphore(SMALL_READS_AT_ONCE);
  private readonly pages = new Semaphore(PAGES_AT_ONCE);
  private large = new Semaphore(1);
  private largeReads = 1;

  /** @param owners returns the Cluster client, which knows the owners of slots; `null` while it is not connected */
  constructor(
    target: RedisTarget,
    private readonly keys: Keys,
    private readonly foreign: ForeignData,
    private readonly owners: () => Client | null,
  ) {
    this.connection =
      target.cluster !== undefined
        ? null
        : new ConnectionSupervisor<Redis>('reading', () => connectMaster(target), {
            prepare: async (client) => {
              for (const { lua } of SCRIPTS) await client.script('LOAD', lua);
            },
            up: () => undefined,
            down: () => undefined,
          });
  }

  /** @throws RealtimeUnavailableError if Redis does not reply */
  async read(topic: string, after: Position, limits: ReadLimits, withAt: boolean): Promise<ReadResult> {
    const maxBytes = Math.min(SMALL_READ_BYTES, limits.maxBytes);
    const result = await this.small.run(() => this.readOnce(topic, after, { ...limits, maxBytes }, withAt));
    if (result.ok || result.reason !== 'too_many' || maxBytes === limits.maxBytes) return result;
    return this.slotsFor(limits.maxBytes).run(() => this.readOnce(topic, after, limits, withAt));
  }

  /** @throws RealtimeUnavailableError */
  async page(topic: string, before: Position | null, { maxEvents, maxBytes }: ReadLimits): Promise<HistoryPage | null> {
    const args = [freshEpoch(), before?.epoch ?? '', before?.offset ?? 0, maxEvents, maxBytes];
    const ask = (): Promise<unknown> => this.ask((client) => runScript(client, PAGE, this.keys.log(topic), args));
    const [epoch, offset, more, ...entries] = (await this.pages.run(ask)) as string[];
    if (epoch === undefined) return null;
    const events = entries.map((entry) => this.parse(epoch, entry));
    // No instance wrote this entry. It is where the history ends.
    const foreign = events.indexOf(null);
    const stored = (foreign < 0 ? events : events.slice(0, foreign)) as HistoryEvent[];
    return { events: stored.toReversed(), top: { epoch, offset: Number(offset) }, more: more === '1' && foreign < 0 };
  }

  /**
   * Returns the last events, also those before an entry that no instance wrote.
   * @throws RealtimeUnavailableError
   */
  async latest(topic: string, most: number): Promise<BrokerEvent[]> {
    // Reads the position first: its script deletes a history of another type.
    const [{ position }] = (await this.positions([topic])) as [ChannelPosition];
    if (position.offset === 0) return [];
    const entries = await this.ask((client) => client.lrange(this.keys.history(topic), -most, -1));
    return entries.map((entry) => this.parse(position.epoch, entry)).filter((event) => event !== null);
  }

  /**
   * Returns the positions of these channels. In a Cluster, all of them must be in one slot.
   * @param client used instead of the connection of this reader
   */
  async positions(topics: readonly string[], client?: Client): Promise<ChannelPosition[]> {
    const logs = topics.flatMap((topic) => [this.keys.meta(topic), this.keys.history(topic)]);
    const keys = [this.keys.dataSet(topics[0]!), ...logs];
    const run = (on: Client) => runScript(on, POSITIONS, keys, [freshEpoch()]);
    const flat = (await (client === undefined ? this.ask(run) : run(client))) as string[];
    return topics.map((_channel, index) => {
      const [epoch, offset, messageId] = flat.slice(3 * index, 3 * index + 3) as [string, string, string];
      const position = { epoch, offset: Number(offset) };
      return messageId === '' ? { position } : { position, mark: markOf(messageId) };
    });
  }

  /** Checks the connection. If no reply arrives, its socket timeout closes it. */
  probe(): void {
    if (this.connection !== null) probeMaster(this.connection);
  }

  private async readOnce(
    topic: string,
    after: Position,
    { maxEvents, maxBytes }: ReadLimits,
    withAt: boolean,
  ): Promise<ReadResult> {
    const args = [freshEpoch(), after.epoch, after.offset, maxEvents, maxBytes, withAt ? 1 : 0];
    const reply = await this.ask((client) => runScript(client, READ, this.keys.log(topic), args));
    const [state, epoch, offset, ...entries] = reply as string[];
    const top: Position = { epoch: epoch!, offset: Number(offset) };
    if (state !== 'ok') return { ok: false, reason: state as RecoveryReason, top };
    const events = entries.map((entry) => this.parse(top.epoch, entry));
    // No instance wrote this entry. It has replaced an event, which is lost.
    if (!areEvents(events)) return { ok: false, reason: 'expired', top };
    const [first, ...rest] = events;
    return first?.position.offset === after.offset
      ? { ok: true, top, events: rest, at: first }
      : { ok: true, top, events };
  }

  private parse(epoch: string, entry: string): HistoryEvent | null {
    const event = parseEntry(epoch, entry);
    if (event === null) this.foreign.skipped('An entry of a history', new Error('it is not an event'));
    return event;
  }

  /** @throws RealtimeUnavailableError */
  private async ask<T>(run: (client: Client) => Promise<T>, isSecond = false): Promise<T> {
    const client = this.connection === null ? this.owners() : this.connection.client;
    if (client === null) throw new RealtimeUnavailableError('Redis is unavailable: it is not connected');
    try {
      return await run(client);
    } catch (caught) {
      const error = caught as Error;
      if (this.connection === null && hasMovedSlot(error)) {
        await refreshSlots(client);
        if (!isSecond) return this.ask(run, true);
      }
      if (needsReconnect(error) && this.connection?.client === client) this.connection.reset(error.message);
      throw new RealtimeUnavailableError(`Redis did not answer: ${error.message}`, { cause: error });
    }
  }

  private slotsFor(maxBytes: number): Semaphore {
    const reads = Math.max(1, Math.floor(LARGE_BYTES_AT_ONCE / maxBytes));
    if (reads !== this.largeReads) {
      this.largeReads = reads;
      this.large = new Semaphore(reads);
    }
    return this.large;
  }
}

/**
 * Resets the connection if the server has become a replica. A server with a fixed address can do that and keep its connections.
 */
export function probeMaster(link: ConnectionSupervisor<Redis>): void {
  const { client } = link;
  client?.info('replication').then(
    (info) => {
      if (/^role:slave/m.test(info) && link.client === client) link.reset('it became a replica and accepts no writes');
    },
    () => undefined, // the connection is about to close
  );
}

function areEvents(events: (HistoryEvent | null)[]): events is HistoryEvent[] {
  return !events.includes(null);
}
