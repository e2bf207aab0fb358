import type { Redis } from 'ioredis';
import type { ForeignData } from '../../observability/foreign-data.js';
import { safely } from '../../observability/run-safely.js';
import type { BrokerListener } from '../broker.js';
import type { Keys } from './keys.js';
import { probeMaster, type ChannelPosition, type Reader } from './reader.js';
import { connectClusterNode, connectMaster, type RedisTarget } from './redis-target.js';
import { SCRIPTS } from './scripts.js';
import { Subscriber } from './subscriber.js';
import { Supervisor } from './supervisor.js';
import { parseMessage } from './wire.js';

export interface ReceiverContext {
  /** The pub/sub channel of this instance's own. */
  readonly beat: string;
  readonly reader: Reader;
  readonly foreign: ForeignData;
  /** A channel without traffic for so long has its position read, ± 20 %, in milliseconds. */
  readonly auditMs: number;
}

/** The connection that subscribes. */
export class Receiver {
  readonly link: Supervisor<Redis>;
  readonly subscriber: Subscriber;
  listener: BrokerListener = { event: () => undefined, position: () => undefined };
  /** When something was heard on the instance's own channel (`performance.now()`). */
  beatHeardAt = performance.now();

  constructor(
    private readonly target: RedisTarget,
    private readonly keys: Keys,
    private readonly own: ReceiverContext,
  ) {
    this.subscriber = new Subscriber(
      {
        pubsub: (channel) => this.keys.pubsub(channel),
        positions: (client, channels) => this.positions(client, channels),
        onPosition: (channel, { position, mark }) => this.listener.position(channel, position, mark),
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
        down: () => this.subscriber.down(),
      },
    );
  }

  /** An answer that does not come lets the connection's own time limit close it. */
  probe(): void {
    if (this.target.cluster === undefined) probeMaster(this.link);
    else this.link.client?.ping().catch(() => undefined);
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
      this.own.foreign.skipped('A message of a channel', new Error('it has no position and no id'));
      return;
    }
    this.subscriber.heard(channel);
    this.listener.event(channel, event);
  }

  private positions(client: Redis, channels: readonly string[]): Promise<ChannelPosition[]> {
    const { reader } = this.own;
    if (this.target.cluster === undefined) return reader.positions(channels, client);
    // The keys of different channels are on different nodes.
    return Promise.all(channels.map(async (channel) => (await reader.positions([channel]))[0]!));
  }
}
