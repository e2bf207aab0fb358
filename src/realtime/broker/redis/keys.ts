import { createHash } from 'node:crypto';
import { tagOfSlot } from './cluster-slot.js';

/** The keys of one installation; `{channel}` keeps what belongs together on one node of a Cluster. */
export class Keys {
  private readonly isCluster: boolean;
  /** Pub/sub knows no databases: without the number, two installations with one prefix would hear each other. */
  private readonly database: string;

  constructor(
    private readonly prefix: string,
    { isCluster = false, database = 0 }: { readonly isCluster?: boolean; readonly database?: number } = {},
  ) {
    this.isCluster = isCluster;
    this.database = database === 0 ? '' : String(database);
  }

  /** The keys of a channel's log, as the scripts take them. */
  log(topic: string): [meta: string, history: string, dataSet: string] {
    return [this.meta(topic), this.history(topic), this.dataSet(topic)];
  }

  /**
   * string: a random value, set once: another one means that the data was deleted. In a Cluster there is one for each slot,
   * since a script takes keys of one slot only.
   */
  dataSet(topic: string): string {
    return this.isCluster ? `${this.prefix}data:{${tagOfSlot(topic)}}` : `${this.prefix}data`;
  }

  /** hash: `e` epoch, `s` top offset, `l` lineage, `b` boundaries, `o` initial epoch `@` first epoch; none before the first event */
  meta(topic: string): string {
    return `${this.prefix}m:{${topic}}`;
  }

  /** list: `<offset> <message id> <body>` */
  history(topic: string): string {
    return `${this.prefix}h:{${topic}}`;
  }

  /** string: `<epoch> <offset>` */
  idempotency(topic: string, key: string): string {
    // The key is hashed: it could be long, or contain another channel's name.
    const digest = createHash('sha256').update(key, 'utf16le').digest('base64url');
    return `${this.prefix}i:{${topic}}:${digest}`;
  }

  /** pub/sub: `<epoch> <offset> <message id> <body>` */
  pubsub(topic: string): string {
    return `${this.prefix}c${this.database}:{${topic}}`;
  }

  /** The channel of a pub/sub channel; `null` for one that is not ours. */
  topicOf(pubsub: string): string | null {
    const start = `${this.prefix}c${this.database}:{`;
    return pubsub.startsWith(start) && pubsub.endsWith('}') ? pubsub.slice(start.length, -1) : null;
  }

  /** pub/sub: an instance's own beat, by which it sees that it still hears */
  selfPing(instance: string): string {
    return `${this.prefix}beat${this.database}:${instance}`;
  }

  /** string that an instance renews while it lives: its report */
  lease(instance: string): string {
    return `${this.prefix}n:${instance}`;
  }

  /** sorted set: instance → its last report, in the time of Redis */
  nodes(): string {
    return `${this.prefix}nodes`;
  }

  /** sorted set: what is revoked → until when, in milliseconds since 1970 */
  revocations(): string {
    return `${this.prefix}revoked`;
  }

  /** string: the principal of the one-time ticket with this digest */
  ticket(digest: string): string {
    return `${this.prefix}t:${digest}`;
  }

  /** hash: `<instance>:<user id>` → number of connections; an empty user id counts anonymous ones */
  presence(topic: string): string {
    return `${this.prefix}p:{${topic}}`;
  }
}
