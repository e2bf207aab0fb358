import type { Writable } from 'node:stream';
import type { Position } from '../../../protocol/index.js';
import { runSafely } from '../../observability/run-safely.js';
import type { OutgoingEvent } from '../broker.js';
import { outcomeOfError, outcomeOfReply, outcomesOfReply } from './answers.js';
import { mastersOf, runScript, type Client } from './client.js';
import type { Keys } from './keys.js';
import { Predecessors } from './predecessors.js';
import { PublishBatches } from './publish-batches.js';
import { PublishQueue, type Outcome, type QueuedEvent } from './publish-queue.js';
import { RedisClock } from './redis-clock.js';
import { connectCluster, connectMaster, type RedisTarget } from './redis-target.js';
import { PUBLISH, PUBLISH_MANY, PUBLISH_PLAIN, SCRIPTS } from './scripts.js';
import { SelfTest } from './self-test.js';
import { Supervisor } from './supervisor.js';
import { freshEpoch, messageIdOf } from './wire.js';

/** How long an `idempotencyKey` is remembered, in milliseconds. */
const IDEMPOTENCY_MS = 300_000;
/** How long a self-test has before it counts as too late, in milliseconds. */
const SELF_TEST_MS = 10_000;
/** Channels whose last acknowledged position is remembered. */
const MAX_TOPS = 100_000;

/** An event on its way, with what a retry needs to know. */
interface Publication extends OutgoingEvent {
  readonly messageId: string;
  /** A position of this channel that was acknowledged before the first try. */
  floor: Position | null;
}

/** The connection that publishes, and what waits for it. */
export class Publisher {
  readonly link: Supervisor<Client>;
  readonly queue: PublishQueue<Publication>;
  readonly selfTest: SelfTest;
  private readonly clock = new RedisClock();
  private readonly predecessors = new Predecessors();
  private readonly batches = new PublishBatches<Publication>((entries) => this.sendMany(entries));
  private readonly tops = new Map<string, Position>();
  private lastMessage = 0;

  /** @param onUp called each time that the connection is there again */
  constructor(
    target: RedisTarget,
    private readonly keys: Keys,
    private readonly instance: string,
    onUp: () => void,
  ) {
    const isCluster = target.cluster !== undefined;
    this.selfTest = new SelfTest(keys, keys.beat(instance));
    this.queue = new PublishQueue(
      (entry) => this.send(entry),
      (write) => this.inOnePiece(write),
      (why) => this.link.reset(why),
      isCluster,
    );
    this.link = new Supervisor<Client>(
      'publishing',
      () => (isCluster ? connectCluster(target) : connectMaster(target)),
      {
        prepare: (client) => this.prepare(client),
        up: () => {
          this.queue.run();
          onUp();
        },
        down: (why) => this.queue.pause(why),
      },
    );
  }

  /** @throws RealtimeUnavailableError when it was not acknowledged in time */
  publish(event: OutgoingEvent): Promise<Position | null> {
    this.lastMessage += 1;
    const messageId = messageIdOf(this.instance, this.lastMessage, event.traceparent);
    return this.queue.add({ ...event, messageId, floor: null }, event.channel, event.body.length, event.timeoutMs);
  }

  /** An answer that does not come lets the connection's own time limit close it. */
  probe(): void {
    const { client } = this.link;
    if (client !== null) this.clock.measure(mastersOf(client)[0]!).catch(() => undefined);
    if (this.selfTest.refusal !== null) this.beatSoon();
  }

  private beatSoon(): void {
    runSafely('The self-test of Redis', () => this.beat());
  }

  /** Sends what the instance hears itself by, in the way of an event. */
  beat(): Promise<void> {
    const { client } = this.link;
    if (client === null) return Promise.resolve();
    return this.selfTest.run(client, this.selfTestDeadline(), (why) => {
      if (this.link.client === client) this.link.reset(why);
    });
  }

  close(): void {
    this.queue.close();
    this.link.close();
  }

  private async prepare(client: Client): Promise<void> {
    await this.clock.measure(mastersOf(client)[0]!);
    for (const node of mastersOf(client)) {
      await this.predecessors.end(node);
      for (const { lua } of SCRIPTS) await node.script('LOAD', lua);
    }
    await this.selfTest.run(client, this.selfTestDeadline());
  }

  private selfTestDeadline(): number {
    return this.clock.at(performance.now() + SELF_TEST_MS);
  }

  /** An event that is refused may be the only one; whether all are, a self-test shows at once. */
  private failed(error: Error): Outcome {
    const outcome = outcomeOfError(error);
    if (outcome.kind === 'refused') this.beatSoon();
    return outcome;
  }

  /** The commands of one turn leave in one write: it costs far less than ioredis's own pipelining. */
  private inOnePiece(write: () => void): void {
    const stream = (this.link.client as { stream?: Writable } | null)?.stream;
    stream?.cork();
    write();
    this.batches.closeAll();
    stream?.uncork();
  }

  /** One try of one event: with the others of its channel where it can be, in the order in which they come here. */
  private async send(entry: QueuedEvent<Publication>): Promise<Outcome> {
    const { event, retry } = entry;
    if (!retry) event.floor = this.tops.get(event.channel) ?? null;
    if (!retry && event.history !== null && event.idempotencyKey === undefined) return this.batches.add(entry);
    this.batches.close(event.channel);
    return this.sendOne(entry);
  }

  private async sendOne({ event, retry, deadline }: QueuedEvent<Publication>): Promise<Outcome> {
    const { client } = this.link;
    if (client === null) return this.notConnected();
    if (retry && event.history === null)
      return { kind: 'refused', why: 'The connection to Redis was lost: whether the event was published is not known' };
    try {
      const reply = (await this.run(client, event, retry, this.clock.at(deadline))) as string[];
      return this.remembered(event, outcomeOfReply(reply, event.history !== null));
    } catch (error) {
      return this.failed(error as Error);
    }
  }

  /** One try of several events of one channel, which has a history. */
  private async sendMany(entries: readonly QueuedEvent<Publication>[]): Promise<readonly Outcome[]> {
    const [first] = entries as [QueuedEvent<Publication>];
    if (entries.length === 1) return [await this.sendOne(first)];
    const { client } = this.link;
    if (client === null) return entries.map(() => this.notConnected());
    const { channel, history } = first.event;
    const keys = this.keys.log(channel);
    const args: (string | number)[] = [this.keys.pubsub(channel), history!.size, history!.ttlMs, freshEpoch()];
    for (const { event, deadline } of entries) args.push(event.body, event.messageId, this.clock.at(deadline));
    try {
      const reply = (await runScript(client, PUBLISH_MANY, keys, args)) as string[];
      const outcomes = outcomesOfReply(reply, entries.length);
      const last = outcomes.findLast(({ kind }) => kind === 'published');
      if (last !== undefined) this.remembered(first.event, last);
      return outcomes;
    } catch (error) {
      const outcome = this.failed(error as Error);
      return entries.map(() => outcome);
    }
  }

  private notConnected(): Outcome {
    return { kind: 'again', why: `Redis cannot be used: ${this.link.reason}`, mayBePublished: false };
  }

  private remembered({ channel }: Publication, outcome: Outcome): Outcome {
    if (outcome.kind === 'published' && outcome.position !== null) this.remember(channel, outcome.position);
    return outcome;
  }

  /** @param notAfter by Redis's clock */
  private run(client: Client, event: Publication, retry: boolean, notAfter: number): Promise<unknown> {
    const { channel, body, history, idempotencyKey, idempotencyMs = IDEMPOTENCY_MS, messageId, floor } = event;
    const key = idempotencyKey === undefined ? [] : [this.keys.idempotency(channel, idempotencyKey)];
    const [meta, pubsub] = [this.keys.meta(channel), this.keys.pubsub(channel)];
    if (history === null)
      return runScript(client, PUBLISH_PLAIN, [meta, ...key], [pubsub, body, messageId, notAfter, idempotencyMs]);
    return runScript(
      client,
      PUBLISH,
      [...this.keys.log(channel), ...key],
      [
        ...[pubsub, body, messageId, history.size, history.ttlMs],
        ...[retry ? 1 : 0, freshEpoch(), notAfter, idempotencyMs],
        ...[floor?.epoch ?? '-', floor?.offset ?? 0],
      ],
    );
  }

  private remember(channel: string, position: Position): void {
    this.tops.delete(channel);
    this.tops.set(channel, position);
    if (this.tops.size > MAX_TOPS) this.tops.delete(this.tops.keys().next().value!);
  }
}
