import { createHash } from 'node:crypto';
import type { CallKey } from '../../commands/call-store.js';
import { tagOfSlot } from './cluster-slot.js';

/** The keys of one installation. `{channel}` is a hash tag: it keeps the keys of a channel on one node of a Cluster. */
export class Keys {
  private readonly isCluster: boolean;
  /**
   * Pub/sub ignores database numbers. Without the number in the name, two installations with the same prefix would receive each
   * other's messages.
   */
  private readonly database: string;

  constructor(
    private readonly prefix: string,
    { isCluster = false, database = 0 }: { readonly isCluster?: boolean; readonly database?: number } = {},
  ) {
    this.isCluster = isCluster;
    this.database = database === 0 ? '' : String(database);
  }

  /** Returns the keys of a channel's log, in the order in which the scripts expect them. */
  log(topic: string): [meta: string, history: string, dataSet: string] {
    return [this.meta(topic), this.history(topic), this.dataSet(topic)];
  }

  /**
   * string: a random value, set once. If it changes, the data was deleted. A Cluster has one for each slot, because a script can
   * only access keys of one slot.
   */
  dataSet(topic: string): string {
    return this.isCluster ? `${this.prefix}data:{${tagOfSlot(topic)}}` : `${this.prefix}data`;
  }

  /**
   * hash: `e` epoch, `s` top offset, `l` lineage, `b` boundaries, `o` initial epoch `@` first epoch. Missing before the first
   * event.
   */
  meta(topic: string): string {
    return `${this.prefix}m:{${topic}}`;
  }

  /** list: `<offset> <message id> <body>` */
  history(topic: string): string {
    return `${this.prefix}h:{${topic}}`;
  }

  /** string: `<epoch> <offset>` */
  idempotency(topic: string, key: string): string {
    // The key is hashed: it could be long, or contain the name of another channel.
    return `${this.prefix}i:{${topic}}:${digestOf(key)}`;
  }

  /** pub/sub: `<epoch> <offset> <message id> <body>` */
  pubsub(topic: string): string {
    return `${this.prefix}c${this.database}:{${topic}}`;
  }

  /** Returns the channel of a pub/sub channel, or `null` for a foreign one. */
  topicOf(pubsub: string): string | null {
    const start = `${this.prefix}c${this.database}:{`;
    return pubsub.startsWith(start) && pubsub.endsWith('}') ? pubsub.slice(start.length, -1) : null;
  }

  /** pub/sub: an instance publishes pings to itself here, to detect a broken subscription */
  selfPing(instance: string): string {
    return `${this.prefix}beat${this.database}:${instance}`;
  }

  /** string: the report of an instance, renewed while it is running */
  lease(instance: string): string {
    return `${this.prefix}n:${instance}`;
  }

  /** sorted set: instance → time of its last report, by the clock of Redis */
  nodes(): string {
    return `${this.prefix}nodes`;
  }

  /** sorted set: revocation → its expiry, in milliseconds since 1970 */
  revocations(): string {
    return `${this.prefix}revoked`;
  }

  /** string: the principal of the one-time ticket with this digest */
  ticket(digest: string): string {
    return `${this.prefix}t:${digest}`;
  }

  /** hash: channels to which the application subscribed this user → sealed entries */
  subscriptions(userKey: string): string {
    // The user key is hashed: it can be long, and contain any character.
    return `${this.prefix}u:${digestOf(userKey)}`;
  }

  /** string: present while any user may have {@link subscriptions} */
  anySubscriptions(): string {
    return `${this.prefix}subscribed`;
  }

  /** string: a random value, set once. If it changes, calls were lost. */
  callEpoch(): string {
    return `${this.prefix}calls`;
  }

  /**
   * The keys of a call. string: `R<end of lease>:<holder>`, `D<outcome>` or `I`. hashes: the usage of its user and its tenant.
   * All of a tenant, or without tenants of a user, are on one node of a Cluster.
   */
  call({ tenant, owner, id }: CallKey): [call: string, user: string, tenant: string] {
    const user = digestOf(owner);
    const tag = tenant === null ? user : digestOf(tenant);
    return [`${this.prefix}x:{${tag}}:${user}:${id}`, `${this.prefix}xu:{${tag}}:${user}`, `${this.prefix}xt:{${tag}}`];
  }

  /**
   * hash: the state of a live resource: `e` epoch, `o` offset, `t` token of its right, `a` time of its load, `j` JSON.
   * hash: the right to load it: `h` holder, `u` end of its lease, `c` code of a failed load.
   */
  liveState(topic: string): [state: string, claim: string] {
    return [`${this.prefix}s:{${topic}}`, `${this.prefix}sl:{${topic}}`];
  }

  /** The keys of a stream. hash: its length, state and writer; string: its text */
  stream(topic: string): [stream: string, text: string] {
    return [`${this.prefix}stream:{${topic}}`, `${this.prefix}text:{${topic}}`];
  }

  /** hash: `<instance>:<user id>` → number of connections; an empty user id counts anonymous ones */
  presence(topic: string): string {
    return `${this.prefix}p:{${topic}}`;
  }

  /** hash: key of a channel or user → number of connections on this instance */
  counts(instance: string): string {
    return `${this.prefix}k:${instance}`;
  }

  /** sorted set: the instances that have such a hash */
  countingInstances(): string {
    return `${this.prefix}counting`;
  }

  /** string: `<state> <sequence> <instance>`, the instance that announces changes of a channel or user */
  claim(key: string): string {
    return `${this.prefix}o:{${key}}`;
  }
}

/** Names of users and tenants can be long, and contain any character. */
function digestOf(name: string): string {
  return createHash('sha256').update(name, 'utf16le').digest('base64url');
}
