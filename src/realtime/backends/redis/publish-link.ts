import type { Writable } from 'node:stream';
import type { Position } from '../../../protocol/index.js';
import { runSafely } from '../../observability/run-safely.js';
import type { OutgoingEvent } from '../../broker/broker.js';
import {
  afterLostAnswer,
  hasMovedSlot,
  outcomeOfError,
  outcomesOfReply,
  outcomesWithoutHistory,
} from './script-replies.js';
import { mastersOf, refreshSlots, runScript, type Client } from './client.js';
import type { Keys } from './keys.js';
import { StaleConnections } from './stale-connections.js';
import { PublishQueue, type Outcome, type QueuedEvent } from './publish-queue.js';
import { RedisClock } from './redis-clock.js';
import type { RedisTarget } from './redis-address.js';
import { connectCluster, connectMaster } from './redis-target.js';
import { SCRIPTS } from './all-scripts.js';
import { PUBLISH, PUBLISH_PLAIN } from './scripts.js';
import { SelfTest } from './self-test.js';
import { ConnectionSupervisor } from './supervisor.js';
import { freshEpoch, messageIdOf } from './message-format.js';

/** How long an `idempotencyKey` is remembered, in milliseconds. */
const IDEMPOTENCY_MS = 300_000;
/** Time limit for a self-test, in milliseconds. */
const SELF_TEST_MS = 10_000;
/** Maximum number of channels whose last acknowledged position is remembered. */
const MAX_POSITIONS = 100_000;

const UNANSWERED: Outcome = {
  kind: 'refused',
  reason: 'The connection to Redis was lost: it is unknown whether the event was published',
  mayBePublished: true,
};

/** An event in the queue, with the data for a retry. */
interface Publication extends OutgoingEvent {
  readonly messageId: string;
  /** A position of this channel that was acknowledged before the first attempt. */
  floor: Position | null;
}

/** The publishing connection and its queue. */
export class RedisPublishLink {
  readonly connection: ConnectionSupervisor<Client>;
  readonly queue: PublishQueue<Publication>;
  readonly selfTest: SelfTest;
  private readonly clock = new RedisClock();
  private readonly staleConnections = new StaleConnections();
  private readonly lastPositions = new Map<string, Position>();
  private readonly isCluster: boolean;
  private lastMessage = 0;

  /** @param onUp called each time the connection is up again */
  constructor(
    target: RedisTarget,
    private readonly keys: Keys,
    instance: string,
    onUp: () => void,
  ) {
    const isCluster = target.cluster !== undefined;
    this.isCluster = isCluster;
    this.selfTest = new SelfTest(keys, keys.selfPing(instance));
    this.queue = new PublishQueue<Publication>({
      send: (entries) => this.send(entries),
      writeTogether: (write) => this.corked(write),
      onFailure: (reason) => this.connection.reset(reason),
      canBatch: (first, next) => (first.history === null) === (next.history === null),
      historySize: ({ history }) => history?.size ?? Infinity,
    });
    this.connection = new ConnectionSupervisor<Client>(
      'publishing',
      () => (isCluster ? connectCluster(target) : connectMaster(target)),
      {
        prepare: (client) => this.prepare(client),
        up: () => {
          this.queue.run();
          onUp();
        },
        down: (reason) => this.queue.pause(reason),
      },
    );
  }

  /** @throws RealtimeUnavailableError if the event was not acknowledged in time */
  publish(event: OutgoingEvent): Promise<Position | null> {
    this.lastMessage += 1;
    const messageId = messageIdOf(this.lastMessage, event);
    return this.queue.add({ ...event, messageId, floor: null }, event.topic, event.body.length, event.timeoutMs);
  }

  /** Sends a command. If no reply arrives, the socket timeout of the connection closes it. */
  probe(): void {
    const { client } = this.connection;
    if (client !== null) this.clock.measure(mastersOf(client)[0]!).catch(() => undefined);
    if (this.selfTest.refusal !== null) this.sendSelfPingSoon();
  }

  private sendSelfPingSoon(): void {
    runSafely('The self-test of Redis', () => this.sendSelfPing());
  }

  /** Sends a ping to this instance, published like an event. */
  sendSelfPing(): Promise<void> {
    const { client } = this.connection;
    if (client === null) return Promise.resolve();
    return this.selfTest.run(client, this.selfTestDeadline(), (reason) => {
      if (this.connection.client === client) this.connection.reset(reason);
    });
  }

  close(): void {
    this.queue.close();
    this.connection.close();
  }

  private async prepare(client: Client): Promise<void> {
    await this.clock.measure(mastersOf(client)[0]!);
    for (const node of mastersOf(client)) {
      await this.staleConnections.kill(node);
      for (const { lua } of SCRIPTS) await node.script('LOAD', lua);
    }
    await this.selfTest.run(client, this.selfTestDeadline());
  }

  private selfTestDeadline(): number {
    return this.clock.at(performance.now() + SELF_TEST_MS);
  }

  /** Redis may have rejected only this event. A self-test shows at once whether it rejects all events. */
  private outcomeOf(error: Error, client: Client): Outcome {
    const outcome = outcomeOfError(error, this.isCluster);
    const isAnswer = outcome.kind === 'refused' || (outcome.kind === 'again' && outcome.pause === 'channel');
    if (isAnswer) this.sendSelfPingSoon();
    if (hasMovedSlot(error)) runSafely('Refreshing the slots', () => refreshSlots(client));
    return outcome;
  }

  /** Sends all commands of one turn in a single write. This costs far less than ioredis's own pipelining. */
  private corked(write: () => void): void {
    const stream = (this.connection.client as { stream?: Writable } | null)?.stream;
    stream?.cork();
    write();
    stream?.uncork();
  }

  /** Makes one attempt to publish events of one channel. */
  private async send(entries: readonly QueuedEvent<Publication>[]): Promise<readonly Outcome[]> {
    const { client } = this.connection;
    if (client === null) return entries.map(() => this.notConnected());
    const [{ event }] = entries as [QueuedEvent<Publication>];
    try {
      return await (event.history === null
        ? this.sendWithoutHistory(client, entries)
        : this.sendWithHistory(client, entries));
    } catch (error) {
      const outcome = this.outcomeOf(error as Error, client);
      return entries.map(({ retry }) => (retry ? afterLostAnswer(outcome) : outcome));
    }
  }

  private async sendWithHistory(
    client: Client,
    entries: readonly QueuedEvent<Publication>[],
  ): Promise<readonly Outcome[]> {
    for (const { event, retry } of entries) if (!retry) event.floor = this.lastPositions.get(event.topic) ?? null;
    const [{ event: first }] = entries as [QueuedEvent<Publication>];
    const { topic, history, floor } = first;
    const keys: string[] = this.keys.log(topic);
    const args: (string | number)[] = [
      ...[this.keys.pubsub(topic), history!.size, history!.ttlMs, freshEpoch()],
      ...[floor?.epoch ?? '-', floor?.offset ?? 0],
    ];
    for (const { event, retry, deadline } of entries) {
      const ttl = this.idempotency(event, keys);
      args.push(event.body, event.messageId, this.clock.at(deadline), retry ? 1 : 0, ttl);
    }
    const outcomes = outcomesOfReply((await runScript(client, PUBLISH, keys, args)) as string[], entries.length);
    const last = outcomes.findLast(({ kind }) => kind === 'published');
    if (last?.kind === 'published' && last.position !== null) this.remember(topic, last.position);
    return outcomes;
  }

  /** Without history, a retry cannot find out whether the first attempt succeeded. So there is no retry after a lost reply. */
  private async sendWithoutHistory(
    client: Client,
    entries: readonly QueuedEvent<Publication>[],
  ): Promise<readonly Outcome[]> {
    const fresh = entries.filter(({ retry }) => !retry);
    if (fresh.length === 0) return entries.map(() => UNANSWERED);
    const { topic } = fresh[0]!.event;
    const keys = [this.keys.meta(topic)];
    const args: (string | number)[] = [this.keys.pubsub(topic), freshEpoch()];
    for (const { event, deadline } of fresh) {
      const ttl = this.idempotency(event, keys);
      args.push(event.body, event.messageId, this.clock.at(deadline), ttl);
    }
    const outcomes = outcomesWithoutHistory(
      (await runScript(client, PUBLISH_PLAIN, keys, args)) as string[],
      fresh.length,
    );
    return entries.map(({ retry }) => (retry ? UNANSWERED : outcomes.shift()!));
  }

  /**
   * Adds the key of the event's idempotency key to `keys`, if it has one.
   * @returns how long it is remembered, in milliseconds; 0 without a key
   */
  private idempotency({ topic, idempotencyKey, idempotencyMs = IDEMPOTENCY_MS }: Publication, keys: string[]): number {
    if (idempotencyKey === undefined) return 0;
    keys.push(this.keys.idempotency(topic, idempotencyKey));
    return idempotencyMs;
  }

  private notConnected(): Outcome {
    const reason = `Redis is unavailable: ${this.connection.reason}`;
    return { kind: 'again', reason, mayBePublished: false, pause: 'all' };
  }

  private remember(topic: string, position: Position): void {
    this.lastPositions.delete(topic);
    this.lastPositions.set(topic, position);
    if (this.lastPositions.size > MAX_POSITIONS) this.lastPositions.delete(this.lastPositions.keys().next().value!);
  }
}
