import type { Redis } from 'ioredis';
import type { Position, RecoveryReason } from '../../../protocol/index.js';
import type { Counters } from '../../observability/counters.js';
import { safely } from '../../observability/run-safely.js';
import type { BrokerEvent, BrokerListener, ReadLimits, ReadResult } from '../broker.js';
import { RealtimeUnavailableError } from '../errors.js';
import { runScript, type Client } from './client.js';
import type { Keys } from './keys.js';
import { connectClusterNode, connectMaster, type RedisTarget } from './redis-target.js';
import { POSITIONS, READ, SCRIPTS } from './scripts.js';
import { Subscriber } from './subscriber.js';
import { Supervisor } from './supervisor.js';
import { freshEpoch, parseEntry, parseMessage } from './wire.js';

export interface ReceiverContext {
  /** The pub/sub channel of this instance's own. */
  readonly beat: string;
  /** What knows the owners of a Cluster's slots. */
  readonly owners: () => Client | null;
  readonly counters: Counters;
  /** A channel without traffic for so long has its position read, ± 20 %, in milliseconds. */
  readonly auditMs: number;
}

/** The connection that subscribes and reads. */
export class Receiver {
  readonly link: Supervisor<Redis>;
  readonly subscriber: Subscriber;
  listener: BrokerListener = { event: () => undefined, position: () => undefined };
  /** When something was heard on the instance's own channel (`performance.now()`). */
  beatHeardAt = performance.now();
  /** The subscribing connection, as soon as it can be asked. */
  private reading: Redis | null = null;

  constructor(
    private readonly target: RedisTarget,
    private readonly keys: Keys,
    private readonly own: ReceiverContext,
  ) {
    this.subscriber = new Subscriber(
      {
        pubsub: (channel) => this.keys.pubsub(channel),
        positions: (client, channels) => this.positions(client, channels),
        onPosition: (channel, position) => this.listener.position(channel, position),
      },
      (why) => this.link.reset(why),
      own.auditMs,
    );
    this.link = new Supervisor<Redis>(
      'subscribing',
      (attempt) => (target.cluster === undefined ? connectMaster(target) : connectClusterNode(target, attempt)),
      {
        prepare: (client) => this.prepare(client),
        up: () => undefined,
        down: () => {
          this.reading = null;
          this.subscriber.down();
        },
      },
    );
  }

  /** @throws RealtimeUnavailableError whatever kept Redis from answering */
  async read(channel: string, after: Position, { maxEvents, maxBytes }: ReadLimits): Promise<ReadResult> {
    const keys = this.keys.log(channel);
    const args = [freshEpoch(), after.epoch, after.offset, maxEvents, maxBytes];
    const client = this.reader();
    const reply = await runScript(client, READ, keys, args).catch((error: Error) => {
      throw new RealtimeUnavailableError(`Redis did not answer: ${error.message}`, { cause: error });
    });
    const [state, epoch, offset, ...entries] = reply as string[];
    const top: Position = { epoch: epoch!, offset: Number(offset) };
    if (state !== 'ok') return { ok: false, reason: state as RecoveryReason, top };
    return { ok: true, top, events: entries.map((entry) => parseEntry(top.epoch, entry)) };
  }

  /** @throws RealtimeUnavailableError */
  async latest(channel: string, most: number): Promise<BrokerEvent[]> {
    const client = this.reader();
    try {
      const entries = await client.lrange(this.keys.history(channel), -most, -1);
      const [top] = await this.positionsOf(client, [channel]);
      return top!.offset === 0 ? [] : entries.map((entry) => parseEntry(top!.epoch, entry));
    } catch (error) {
      throw new RealtimeUnavailableError(`Redis did not answer: ${(error as Error).message}`, { cause: error });
    }
  }

  /** An answer that does not come lets the connection's own time limit close it. */
  probe(): void {
    this.link.client?.ping().catch(() => undefined);
  }

  close(): void {
    this.subscriber.close();
    this.link.close();
  }

  private async prepare(client: Redis): Promise<void> {
    client.on(
      'message',
      safely('A message of Redis', (pubsub: string, message: string) => this.take(pubsub, message)),
    );
    if (this.target.cluster === undefined) for (const { lua } of SCRIPTS) await client.script('LOAD', lua);
    // Whoever finds a hole while 100,000 channels are subscribed anew need not wait for the last of them.
    this.reading = client;
    await client.subscribe(this.own.beat);
    await this.subscriber.up(client);
    this.beatHeardAt = performance.now();
  }

  private take(pubsub: string, message: string): void {
    const channel = this.keys.channelOf(pubsub);
    if (channel === null) {
      if (pubsub === this.own.beat) this.beatHeardAt = performance.now();
      return;
    }
    const event = parseMessage(message);
    if (event === null) {
      this.own.counters.foreignMessages += 1;
      return;
    }
    this.subscriber.heard(channel);
    this.listener.event(channel, event);
  }

  private async positions(client: Redis, channels: readonly string[]): Promise<Position[]> {
    if (this.target.cluster !== undefined) {
      // The keys of different channels lie on different nodes.
      return Promise.all(channels.map(async (channel) => (await this.positionsOf(this.reader(), [channel]))[0]!));
    }
    return this.positionsOf(client, channels);
  }

  private async positionsOf(client: Client, channels: readonly string[]): Promise<Position[]> {
    const logs = channels.flatMap((channel) => [this.keys.meta(channel), this.keys.history(channel)]);
    const keys = [this.keys.dataSet(channels[0]!), ...logs];
    const flat = (await runScript(client, POSITIONS, keys, [freshEpoch()])) as string[];
    return channels.map((_channel, index) => ({ epoch: flat[2 * index]!, offset: Number(flat[2 * index + 1]) }));
  }

  /** Reads go over the subscribing connection, behind every message that was written to it before; in a Cluster to the owner of the slot. */
  private reader(): Client {
    const client = this.target.cluster === undefined ? this.reading : this.own.owners();
    if (client === null) throw new RealtimeUnavailableError('Redis cannot be used: it is not connected');
    return client;
  }
}
