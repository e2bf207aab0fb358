import { randomBytes } from 'node:crypto';
import type { Position } from '../../src/protocol/index.js';
import type { BackendFactory } from '../../src/realtime/backends/backend.js';
import { MemoryBroker } from '../../src/realtime/backends/memory/memory.broker.js';
import { MemoryCallStore } from '../../src/realtime/backends/memory/memory.call-store.js';
import { MemoryOccupancyStore } from '../../src/realtime/backends/memory/memory.occupancy-store.js';
import { MemoryPresenceStore } from '../../src/realtime/backends/memory/memory.presence-store.js';
import { MemoryStateStore } from '../../src/realtime/backends/memory/memory.state-store.js';
import { MemoryStreamStore, type StoredStream } from '../../src/realtime/backends/memory/memory.stream-store.js';
import { MemorySubscriptionStore } from '../../src/realtime/backends/memory/memory.subscription-store.js';
import { MemoryTicketStore } from '../../src/realtime/backends/memory/memory.ticket-store.js';
import {
  Broker,
  type BrokerHealth,
  type BrokerListener,
  type BrokerStatus,
  type HistoryWindow,
  type OutgoingEvent,
} from '../../src/realtime/broker/broker.js';
import { RealtimeUnavailableError } from '../../src/realtime/broker/errors.js';
import { RevocationStore, type StoredRevocation } from '../../src/realtime/cluster/control/revocation-store.js';
import { InstanceDirectory } from '../../src/realtime/cluster/instances/instance-directory.js';

/** State that the instances of a cluster share within one process. {@link join} creates the backend of one more instance. */
export class LinkedCluster {
  /** Numbers and stores the events of all instances. */
  log = new MemoryBroker();
  readonly members = new Set<LinkedBroker>();
  /** Reports of the live instances, by id. */
  readonly reports = new Map<string, string>();
  /** Stored revocations: entry → until. */
  readonly revocations = new Map<string, number>();
  /** The stored subscriptions of users. */
  readonly subscriptions = new MemorySubscriptionStore();
  /** The calls of commands. */
  readonly calls = new MemoryCallStore();
  /** The states of live resources. */
  readonly states = new MemoryStateStore();
  /** The streams, by topic. */
  readonly streams = new Map<string, StoredStream>();
  /** The store of revocations refuses more entries than this. */
  capacity = Infinity;
  lineage = 1;

  /** @param onBroker receives the broker of the instance, to cut it off */
  join(onBroker: (broker: LinkedBroker) => void = () => undefined): BackendFactory {
    return ({ clock }) => {
      const broker = new LinkedBroker(this);
      onBroker(broker);
      const directory = new LinkedDirectory(this, broker);
      return {
        broker,
        tickets: new MemoryTicketStore(() => clock.now()),
        revocations: new LinkedRevocations(this, broker),
        subscriptions: this.subscriptions,
        directory,
        presence: new MemoryPresenceStore(),
        occupancy: new MemoryOccupancyStore(directory.id, clock),
        calls: this.calls,
        states: this.states,
        streams: new MemoryStreamStore(broker, () => clock.now(), this.streams),
      };
    };
  }

  /** Loses everything that is stored, as a restarted Redis without a disk does. */
  async lose(): Promise<void> {
    await this.log.close();
    this.log = new MemoryBroker();
    this.reports.clear();
    this.revocations.clear();
    this.lineage += 1;
    for (const member of this.members) await member.reconnect();
  }
}

/** The broker of one instance, which can be cut off from the others. */
export class LinkedBroker extends Broker {
  override readonly health: BrokerHealth = { queuedEvents: 0, queuedBytes: 0, selfPingAgeMs: null };
  private isCut = false;
  private listener: BrokerListener | null = null;
  private readonly subscribed = new Map<string, HistoryWindow | null>();
  private readonly onUp: (() => void)[] = [];

  constructor(private readonly cluster: LinkedCluster) {
    super();
    cluster.members.add(this);
  }

  override get status(): BrokerStatus {
    return this.isCut ? { up: false, reason: 'The test has cut it off' } : { up: true };
  }

  /** The shared log. @throws RealtimeUnavailableError while it is cut off */
  get reached(): MemoryBroker {
    if (this.isCut) throw new RealtimeUnavailableError('The test has cut it off');
    return this.cluster.log;
  }

  cutOff(): void {
    this.isCut = true;
  }

  /** Ends {@link cutOff}. As Redis does, it reports the positions of all channels. */
  async rejoin(): Promise<void> {
    this.isCut = false;
    await this.reconnect();
    for (const callback of this.onUp) callback();
  }

  async reconnect(): Promise<void> {
    for (const [topic, history] of this.subscribed) {
      const position = await this.cluster.log.subscribe(topic, history);
      if (position !== null) this.listener?.position(topic, position);
    }
  }

  onReachable(callback: () => void): void {
    this.onUp.push(callback);
  }

  listensTo(topic: string): boolean {
    return this.subscribed.has(topic) && !this.isCut;
  }

  override listen(listener: BrokerListener): void {
    this.listener = listener;
  }

  override async publish(event: OutgoingEvent): Promise<Position | null> {
    const position = await this.reached.publish(event);
    const { topic, body } = event;
    for (const member of this.cluster.members) {
      if (member.listensTo(topic)) member.listener?.event(topic, { position, body });
    }
    return position;
  }

  override async subscribe(topic: string, history: HistoryWindow | null): Promise<Position | null> {
    const position = await this.reached.subscribe(topic, history);
    this.subscribed.set(topic, history);
    return position;
  }

  override async unsubscribe(topic: string): Promise<void> {
    this.subscribed.delete(topic);
  }

  override read: Broker['read'] = async (topic, after, limits) => this.reached.read(topic, after, limits);
  override page: Broker['page'] = async (...given) => this.reached.page(...given);

  override async hasSubscribers(topic: string): Promise<boolean> {
    return (await this.listeners(topic)) > 0;
  }

  override async listeners(topic: string): Promise<number> {
    void this.reached;
    return [...this.cluster.members].filter((member) => member.listensTo(topic)).length;
  }

  override async close(): Promise<void> {
    this.isCut = true;
    this.cluster.members.delete(this);
    if (this.cluster.members.size === 0) await this.cluster.log.close();
  }
}

class LinkedDirectory extends InstanceDirectory {
  override readonly id = randomBytes(8).toString('hex');
  override readonly isAlone = false;
  override registrations = 0;

  constructor(
    private readonly cluster: LinkedCluster,
    private readonly broker: LinkedBroker,
  ) {
    super();
  }

  override onReachable(callback: () => void): void {
    this.broker.onReachable(callback);
  }

  override async announce(report: string): Promise<void> {
    void this.broker.reached;
    if (!this.cluster.reports.has(this.id)) this.registrations += 1;
    this.cluster.reports.set(this.id, report);
  }

  override async all(): Promise<ReadonlyMap<string, string>> {
    void this.broker.reached;
    return new Map(this.cluster.reports);
  }

  override async living(instances: Iterable<string>): Promise<ReadonlySet<string>> {
    void this.broker.reached;
    return new Set([...instances].filter((id) => id === this.id || this.cluster.reports.has(id)));
  }

  override async leave(): Promise<void> {
    void this.broker.reached;
    this.cluster.reports.delete(this.id);
  }
}

class LinkedRevocations extends RevocationStore {
  constructor(
    private readonly cluster: LinkedCluster,
    private readonly broker: LinkedBroker,
  ) {
    super();
  }

  override onReachable(callback: () => void): void {
    this.broker.onReachable(callback);
  }

  override async add({ entry, until }: StoredRevocation, capacity: number, superseded?: string): Promise<boolean> {
    void this.broker.reached;
    const { revocations } = this.cluster;
    if (superseded !== undefined) revocations.delete(superseded);
    if (!revocations.has(entry) && revocations.size >= Math.min(capacity, this.cluster.capacity)) return false;
    revocations.set(entry, Math.max(until, revocations.get(entry) ?? until));
    return true;
  }

  override async all(): Promise<readonly StoredRevocation[]> {
    void this.broker.reached;
    return [...this.cluster.revocations].map(([entry, until]) => ({ entry, until }));
  }

  override async lineage(): Promise<string> {
    void this.broker.reached;
    return String(this.cluster.lineage);
  }
}
