import { Injectable } from '@nestjs/common';
import type { InstanceStats } from '../../protocol/index.js';
import type { Principal } from '../auth/principal.js';
import { limitedUserOf } from '../auth/guest.js';
import { Counters } from '../observability/counters.js';
import type { Connection } from './connection.js';
import { TopK } from './top-k.js';
import { Subscription, type Subscriber } from './subscription.js';
import { TenantLoads, type TenantLoad } from './tenant-loads.js';

/** Receives all changes of subscriptions, with any cause. Must not throw. */
export interface SubscriptionListener {
  began(subscription: Subscription, connection: Connection): void;
  ended(subscription: Subscription): void;
  /** A policy or rule granted the subscription, for the first time or again: see `Subscription.granted`. */
  granted?(subscription: Subscription, connection: Connection): void;
  /** A paused subscription is live again. */
  resumed(subscription: Subscription): void;
  /** A connection received an identity, or another token of the same user. */
  identified(connection: Connection): void;
}

/** Receives each connection of a user that begins (`true`) or ends, by `userKey`. Must not throw. */
export type UserListener = (userKey: string, began: boolean) => void;

/**
 * All connections of this instance, by id, user, session and topic.
 * @hideconstructor
 */
@Injectable()
export class ConnectionRegistry {
  private readonly byId = new Map<string, Connection>();
  private readonly byUser = new Map<string, Set<Connection>>();
  private readonly bySession = new Map<string, Set<Connection>>();
  private readonly byTopic = new Map<string, Set<Subscription>>();
  private readonly loads = new TenantLoads();
  private subscriptions = 0;
  private readonly listeners: SubscriptionListener[] = [];
  private onUser: UserListener | null = null;

  constructor(private readonly counters: Counters) {}

  get size(): number {
    return this.byId.size;
  }

  /** Adds a listener for subscriptions. */
  listen(listener: SubscriptionListener): void {
    this.listeners.push(listener);
  }

  /** Sets the listener for connections of users. There is at most one. */
  listenToUsers(listener: UserListener): void {
    this.onUser = listener;
  }

  add(connection: Connection): void {
    this.byId.set(connection.id, connection);
    this.index(connection);
  }

  /** Removes a connection whose subscriptions were already removed. */
  remove(connection: Connection): void {
    if (!this.byId.delete(connection.id)) return;
    this.unindex(connection);
  }

  /** Sets the principal of a connection, or replaces it with that of a newer token. */
  identify(connection: Connection, principal: Principal | null): void {
    const known = this.byId.has(connection.id);
    if (known) this.unindex(connection);
    connection.principal = principal;
    if (known) this.index(connection);
    for (const listener of this.listeners) listener.identified(connection);
  }

  get(connectionId: string): Connection | undefined {
    return this.byId.get(connectionId);
  }

  all(): Iterable<Connection> {
    return this.byId.values();
  }

  /** Returns the connections of a user on this instance, by `userKey`: the user id, unless there are tenants. */
  ofUser(userKey: string): ReadonlySet<Connection> {
    return this.byUser.get(userKey) ?? NO_CONNECTIONS;
  }

  /** Returns the connections of a session on this instance: see `Principal.session`. */
  ofSession(session: string): ReadonlySet<Connection> {
    return this.bySession.get(session) ?? NO_CONNECTIONS;
  }

  /**
   * Returns the load of a tenant on this instance.
   * @internal
   */
  ofTenant(tenant: string): Readonly<TenantLoad> {
    return this.loads.get(tenant);
  }

  /**
   * Returns the load of each tenant with a connection on this instance.
   * @internal
   */
  tenants(): Iterable<[tenant: string, load: Readonly<TenantLoad>]> {
    return this.loads;
  }

  /**
   * Returns the subscriptions to a topic on this instance.
   * @internal
   */
  subscribersOf(topic: string): ReadonlySet<Subscription> {
    return this.byTopic.get(topic) ?? NO_SUBSCRIPTIONS;
  }

  /**
   * Adds a subscription. The connection must not already be subscribed to this channel.
   * @internal
   */
  subscribe(connection: Connection, channel: string, topic = channel): Subscription {
    const subscription = new Subscription(connection, channel, topic);
    connection.subscriptions.set(channel, subscription);
    const subscribers = this.byTopic.get(topic);
    if (subscribers) subscribers.add(subscription);
    else this.byTopic.set(topic, new Set([subscription]));
    this.count(connection, 1);
    for (const listener of this.listeners) listener.began(subscription, connection);
    return subscription;
  }

  /**
   * Removes a subscription.
   * @returns true if it was the last subscription to its topic on this instance
   * @internal
   */
  unsubscribe(subscription: Subscription): boolean {
    const { connection, channel, topic } = subscription;
    const subscribers = this.byTopic.get(topic);
    if (!subscribers?.delete(subscription)) return false;
    connection.subscriptions.delete(channel);
    this.count(connection, -1);
    for (const listener of this.listeners) listener.ended(subscription);
    if (subscribers.size > 0) return false;
    this.byTopic.delete(topic);
    return true;
  }

  /** @internal */
  granted(subscription: Subscription, connection: Connection): void {
    for (const listener of this.listeners) listener.granted?.(subscription, connection);
  }

  /** @internal */
  resumed(subscription: Subscription): void {
    for (const listener of this.listeners) listener.resumed(subscription);
  }

  /** Returns the `userKey` of all users with a connection to this instance. */
  users(): Iterable<string> {
    return this.byUser.keys();
  }

  /** Returns all topics with a subscriber on this instance. */
  topics(): Iterable<string> {
    return this.byTopic.keys();
  }

  stats(): InstanceStats {
    const { published, delivered, slowConsumersClosed, startedAt } = this.counters;
    let anonymous = 0;
    for (const { principal } of this.byId.values()) if (limitedUserOf(principal) === null) anonymous += 1;
    return {
      connections: this.byId.size,
      anonymous,
      users: this.byUser.size,
      channels: this.byTopic.size,
      subscriptions: this.subscriptions,
      published,
      delivered,
      slowConsumersClosed,
      uptimeMs: Math.round(performance.now() - startedAt),
    };
  }

  /** Returns the topics with the most subscribers on this instance, sorted by number, then by name. */
  busiestTopics(most: number): TopicStats[] {
    const first = new TopK<TopicStats>(most, mostSubscribersFirst);
    for (const [topic, { size }] of this.byTopic) first.add({ topic, subscribers: size });
    return first.list();
  }

  private count({ principal }: Subscriber, by: 1 | -1): void {
    this.subscriptions += by;
    if (principal && principal.tenant !== null) this.loads.countSubscription(principal.tenant, by);
  }

  private index(connection: Connection): void {
    const { principal } = connection;
    if (principal === null) return;
    const { userKey, session, tenant, guest } = principal;
    if (tenant !== null) this.loads.add(tenant, connection);
    if (guest === undefined) addTo(this.byUser, userKey, connection);
    addTo(this.bySession, session, connection);
    if (guest === undefined) this.onUser?.(userKey, true);
  }

  private unindex(connection: Connection): void {
    const { principal } = connection;
    if (principal === null) return;
    const { userKey, session, tenant, guest } = principal;
    if (tenant !== null) this.loads.remove(tenant, connection);
    removeFrom(this.byUser, userKey, connection);
    removeFrom(this.bySession, session, connection);
    if (guest === undefined) this.onUser?.(userKey, false);
  }
}

/** The number of subscribers of a topic on this instance. */
export interface TopicStats {
  readonly topic: string;
  readonly subscribers: number;
}

export function mostSubscribersFirst(a: TopicStats, b: TopicStats): number {
  return b.subscribers - a.subscribers || (a.topic < b.topic ? -1 : 1);
}

function addTo(index: Map<string, Set<Connection>>, key: string, connection: Connection): void {
  const others = index.get(key);
  if (others) others.add(connection);
  else index.set(key, new Set([connection]));
}

function removeFrom(index: Map<string, Set<Connection>>, key: string, connection: Connection): void {
  const others = index.get(key);
  others?.delete(connection);
  if (others?.size === 0) index.delete(key);
}

const NO_CONNECTIONS: ReadonlySet<Connection> = new Set();
const NO_SUBSCRIPTIONS: ReadonlySet<Subscription> = new Set();
