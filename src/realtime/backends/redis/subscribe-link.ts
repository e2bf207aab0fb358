import type { Redis } from 'ioredis';
import type { ForeignData } from '../../observability/foreign-data.js';
import { safely } from '../../observability/run-safely.js';
import type { BrokerListener } from '../../broker/broker.js';
import type { Keys } from './keys.js';
import { probeMaster, type ChannelPosition, type Reader } from './reader.js';
import type { RedisTarget } from './redis-address.js';
import { connectClusterNode, connectMaster } from './redis-target.js';
import { SCRIPTS } from './all-scripts.js';
import { SubscriptionSet } from './subscription-set.js';
import { ConnectionSupervisor } from './supervisor.js';
import { parseMessage } from './message-format.js';

export interface SubscribeLinkContext {
  /** Pub/sub channel on which the instance receives its own pings. */
  readonly selfPing: string;
  readonly reader: Reader;
  readonly foreign: ForeignData;
  /** Time without traffic after which the position of a channel is read, ± 20 %, in milliseconds. */
  readonly auditMs: number;
}

/** The subscribing connection. */
export class RedisSubscribeLink {
  readonly connection: ConnectionSupervisor<Redis>;
  readonly subscriptions: SubscriptionSet;
  listener: BrokerListener = { event: () => undefined, position: () => undefined };
  /** Time of the last self-ping that arrived (`performance.now()`). */
  selfPingAt = performance.now();

  constructor(
    private readonly target: RedisTarget,
    private readonly keys: Keys,
    private readonly context: SubscribeLinkContext,
  ) {
    this.subscriptions = new SubscriptionSet(
      {
        pubsub: (topic) => this.keys.pubsub(topic),
        positions: (client, topics) => this.positions(client, topics),
        onPosition: (topic, { position, mark }) => this.listener.position(topic, position, mark),
      },
      (reason) => this.connection.reset(reason),
      context.auditMs,
    );
    this.connection = new ConnectionSupervisor<Redis>(
      'subscribing',
      (attempt) => (target.cluster === undefined ? connectMaster(target) : connectClusterNode(target, attempt)),
      {
        prepare: (client) => this.prepare(client),
        up: () => undefined,
        down: () => this.subscriptions.down(),
      },
    );
  }

  /** Checks the connection. If no reply arrives, its socket timeout closes it. */
  probe(): void {
    if (this.target.cluster === undefined) probeMaster(this.connection);
    else this.connection.client?.ping().catch(() => undefined);
  }

  close(): void {
    this.subscriptions.close();
    this.connection.close();
  }

  private async prepare(client: Redis): Promise<void> {
    client.on(
      'message',
      safely('A message of Redis', (pubsub: string, message: string) => this.onMessage(pubsub, message)),
    );
    if (this.target.cluster === undefined) for (const { lua } of SCRIPTS) await client.script('LOAD', lua);
    await client.subscribe(this.context.selfPing);
    await this.subscriptions.up(client);
    this.selfPingAt = performance.now();
  }

  private onMessage(pubsub: string, message: string): void {
    const topic = this.keys.topicOf(pubsub);
    if (topic === null) {
      if (pubsub === this.context.selfPing) this.selfPingAt = performance.now();
      return;
    }
    const event = parseMessage(message);
    if (event === null) {
      this.context.foreign.skipped('A message of a channel', new Error('it has no position and no id'));
      return;
    }
    this.subscriptions.noteTraffic(topic);
    this.listener.event(topic, event);
  }

  private positions(client: Redis, topics: readonly string[]): Promise<ChannelPosition[]> {
    const { reader } = this.context;
    if (this.target.cluster === undefined) return reader.positions(topics, client);
    // In a Cluster, the keys of different channels can be on different nodes.
    return Promise.all(topics.map(async (topic) => (await reader.positions([topic]))[0]!));
  }
}
