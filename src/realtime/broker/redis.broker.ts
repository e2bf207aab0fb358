import { randomBytes } from 'node:crypto';
import type { Writable } from 'node:stream';
import type { Cluster, Redis } from 'ioredis';
import type { Position, RecoveryReason } from '../../protocol/index.js';
import {
  Broker,
  type BrokerListener,
  type BrokerStatus,
  type HistoryWindow,
  type OutgoingEvent,
  type ReadLimits,
  type ReadResult,
} from './broker.js';
import { RealtimeUnavailableError } from './errors.js';
import { Keys } from './redis/keys.js';
import { PublishQueue, type Outcome, type QueuedEvent } from './redis/publish-queue.js';
import { connectCluster, connectClusterNode, connectMaster, type RedisTarget } from './redis/redis-target.js';
import { POSITIONS, PUBLISH, PUBLISH_PLAIN, READ, SCRIPTS, type Script } from './redis/scripts.js';
import { Subscriber } from './redis/subscriber.js';
import { Supervisor } from './redis/supervisor.js';

/** How long an `idempotencyKey` is remembered, in milliseconds. */
const IDEMPOTENCY_MS = 300_000;
/** How often each connection is asked for the time, which also shows that it lives, in milliseconds. */
const PROBE_MS = 2_000;
/** How often the instance sends itself a beat through pub/sub, and how long it waits for one, in milliseconds. */
const BEAT_MS = 5_000;
const BEAT_LOST_MS = 12_000;
/** Channels whose last acknowledged position is remembered. */
const MAX_TOPS = 100_000;

/** How long a command of others than the broker may take, in milliseconds. */
const COMMAND_MS = 3_000;

type Client = Redis | Cluster;

/** An event on its way, with what a retry needs to know. */
interface Publication extends OutgoingEvent {
  readonly messageId: string;
  /** A position of this channel that was acknowledged before the first try. */
  floor: Position | null;
}

/** `<epoch> <offset> <message id> `, with `-` for the epoch of a channel without history. */
const MESSAGE_HEAD = /^([0-9A-Za-z]{1,64}|-) (\d{1,15}) [0-9a-f]{16}\.\d+ /;

/** Answers that say «not now»: the event is tried again until its deadline. All others refuse it. */
const NOT_NOW =
  /READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK |NOSCRIPT|NOREPLICAS|BUSY |OOM |MISCONF|NOAUTH|WRONGPASS/;

/** Answers of a server that is not the one to ask any more. */
const MOVED_AWAY = /MOVED|READONLY/;

/**
 * The broker over Redis 7 or later, or Valkey 8: one server, Sentinel or Cluster. Two connections: one publishes, one
 * subscribes and reads. See docs/delivery.md for what it promises and how.
 */
export class RedisBroker extends Broker {
  readonly keys: Keys;
  private readonly instance = randomBytes(8).toString('hex');
  private readonly queue: PublishQueue<Publication>;
  private readonly subscriber: Subscriber;
  private readonly publishing: Supervisor<Client>;
  private readonly subscribing: Supervisor<Redis>;
  /** The subscribing connection, as soon as it can be asked. */
  private reading: Redis | null = null;
  private readonly tops = new Map<string, Position>();
  /** run id of a Redis server → the id that it gave to our last publishing connection */
  private readonly connectionIds = new Map<string, number>();
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly onUps: (() => void)[] = [];
  private listener: BrokerListener = { event: () => undefined, position: () => undefined };
  private lastMessage = 0;
  /** Redis's clock minus ours, never too late, in milliseconds. */
  private clockOffset = 0;
  private beatHeardAt = performance.now();
  /** Messages on our channels that are not ours. */
  private foreign = 0;
  private closed = false;

  constructor(
    private readonly target: RedisTarget,
    prefix: string,
  ) {
    super();
    this.keys = new Keys(prefix);
    const isCluster = target.cluster !== undefined;
    this.queue = new PublishQueue(
      (entry) => this.send(entry),
      (write) => this.inOnePiece(write),
      (why) => this.publishing.reset(why),
      isCluster,
    );
    this.subscriber = new Subscriber(
      {
        pubsub: (channel) => this.keys.pubsub(channel),
        positions: (client, channels) => this.positions(client, channels),
        onPosition: (channel, position) => this.listener.position(channel, position),
      },
      (why) => this.subscribing.reset(why),
    );
    this.publishing = new Supervisor<Client>(
      'publishing',
      () => (isCluster ? connectCluster(target) : connectMaster(target)),
      {
        prepare: (client) => this.preparePublisher(client),
        up: () => {
          this.queue.run();
          for (const callback of this.onUps) callback();
        },
        down: (why) => this.queue.pause(why),
      },
    );
    this.subscribing = new Supervisor<Redis>(
      'subscribing',
      (attempt) => (isCluster ? connectClusterNode(target, attempt) : connectMaster(target)),
      {
        prepare: (client) => this.prepareSubscriber(client),
        up: () => undefined,
        down: () => {
          this.reading = null;
          this.subscriber.down();
        },
      },
    );
    this.publishing.start();
    this.subscribing.start();
    this.timers.push(
      setInterval(() => this.probe(), PROBE_MS).unref(),
      setInterval(() => this.beat(), BEAT_MS).unref(),
    );
  }

  override get status(): BrokerStatus {
    for (const link of [this.publishing, this.subscribing]) {
      if (link.client === null) return { up: false, reason: `Redis cannot be used: ${link.reason}` };
    }
    return { up: true };
  }

  override listen(listener: BrokerListener): void {
    this.listener = listener;
  }

  override publish(event: OutgoingEvent): Promise<Position | null> {
    if (this.closed) {
      return Promise.reject(
        new RealtimeUnavailableError('The application is shutting down: the event was not published'),
      );
    }
    this.lastMessage += 1;
    const messageId = `${this.instance}.${this.lastMessage}`;
    return this.queue.add({ ...event, messageId, floor: null }, event.channel, event.body.length, event.timeoutMs);
  }

  override subscribe(channel: string, history: HistoryWindow | null): Promise<Position | null> {
    return this.subscriber.add(channel, history !== null);
  }

  override async unsubscribe(channel: string): Promise<void> {
    await this.subscriber.remove(channel);
  }

  override async read(channel: string, after: Position, { maxEvents, maxBytes }: ReadLimits): Promise<ReadResult> {
    const keys = [this.keys.meta(channel), this.keys.history(channel)];
    const args = [freshEpoch(), after.epoch, after.offset, maxEvents, maxBytes];
    const [state, epoch, offset, ...entries] = await this.answerOf(READ, keys, args);
    const top: Position = { epoch: epoch!, offset: Number(offset) };
    if (state !== 'ok') return { ok: false, reason: state as RecoveryReason, top };
    return { ok: true, top, events: entries.map((entry) => parseEntry(top.epoch, entry)) };
  }

  override async hasSubscribers(channel: string): Promise<boolean> {
    if (this.subscriber.has(channel)) return true;
    const { client } = this.publishing;
    if (client === null) return false;
    const pubsub = this.keys.pubsub(channel);
    const counts = await Promise.all(
      mastersOf(client).map((node) => node.pubsub('NUMSUB', pubsub).catch(() => [pubsub, 0])),
    );
    return counts.some((count) => Number(count[1]) > 0);
  }

  override async close(): Promise<void> {
    this.closed = true;
    for (const timer of this.timers) clearInterval(timer);
    this.queue.close();
    this.subscriber.close();
    this.publishing.close();
    this.subscribing.close();
  }

  /** Calls back each time that {@link command} has become possible. */
  onUp(callback: () => void): void {
    this.onUps.push(callback);
  }

  /**
   * What else an installation keeps in Redis goes over the publishing connection. A command has an answer in time or
   * fails; one that failed may have been carried out.
   * @throws RealtimeUnavailableError
   */
  async command<T>(run: (client: Client) => Promise<T>): Promise<T> {
    const { client } = this.publishing;
    if (client === null) throw new RealtimeUnavailableError(`Redis cannot be used: ${this.publishing.reason}`);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('it does not answer')), COMMAND_MS);
    });
    try {
      return await Promise.race([run(client), late]);
    } catch (error) {
      const { message } = error as Error;
      // Another server is the right one now: only a fresh connection knows which.
      if (MOVED_AWAY.test(message) && this.publishing.client === client) this.publishing.reset(message);
      throw new RealtimeUnavailableError(`Redis cannot be used: ${message}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  private async preparePublisher(client: Client): Promise<void> {
    await this.measureClock(client);
    for (const node of mastersOf(client)) {
      await this.endPredecessor(node);
      for (const { lua } of SCRIPTS) await node.script('LOAD', lua);
    }
  }

  /**
   * What the last connection had written may still be on its way, and would be carried out after its own retry: Redis is
   * told to forget that connection first.
   */
  private async endPredecessor(node: Redis): Promise<void> {
    const server = /^run_id:(\w+)/m.exec(await node.info('server'))?.[1] ?? '';
    const predecessor = this.connectionIds.get(server);
    if (predecessor !== undefined) await node.client('KILL', 'ID', predecessor);
    this.connectionIds.set(server, await node.client('ID'));
  }

  private async prepareSubscriber(client: Redis): Promise<void> {
    client.on('message', (pubsub: string, message: string) => this.take(pubsub, message));
    if (this.target.cluster === undefined) for (const { lua } of SCRIPTS) await client.script('LOAD', lua);
    // Whoever finds a hole while 100,000 channels are subscribed anew need not wait for the last of them.
    this.reading = client;
    await client.subscribe(this.keys.beat(this.instance));
    await this.subscriber.up(client);
    this.beatHeardAt = performance.now();
  }

  private take(pubsub: string, message: string): void {
    const channel = this.keys.channelOf(pubsub);
    if (channel === null) {
      if (pubsub === this.keys.beat(this.instance)) this.beatHeardAt = performance.now();
      return;
    }
    const head = MESSAGE_HEAD.exec(message);
    if (head === null) {
      this.foreign += 1;
      return;
    }
    const [{ length }, epoch, offset] = head as unknown as [string, string, string];
    this.subscriber.heard(channel);
    const position = epoch === '-' ? null : { epoch, offset: Number(offset) };
    this.listener.event(channel, { position, body: message.slice(length) });
  }

  /** The commands of one turn leave in one write: it costs far less than ioredis's own pipelining. */
  private inOnePiece(write: () => void): void {
    const stream = (this.publishing.client as { stream?: Writable } | null)?.stream;
    stream?.cork();
    write();
    stream?.uncork();
  }

  /** One try of one event. */
  private async send({ event, retry, deadline }: QueuedEvent<Publication>): Promise<Outcome> {
    const { client } = this.publishing;
    if (client === null) return { kind: 'again', why: `Redis cannot be used: ${this.publishing.reason}` };
    if (!retry) event.floor = this.tops.get(event.channel) ?? null;
    else if (event.history === null)
      return { kind: 'refused', why: 'The connection to Redis was lost: whether the event was published is not known' };
    try {
      const reply = (await this.publishOnce(client, event, retry, deadline)) as [string, string?];
      if (reply[0] === 'late')
        return { kind: 'refused', why: 'Not published in time: Redis was not reached before the deadline' };
      if (reply[0] === 'unsure') {
        return {
          kind: 'refused',
          why: 'The connection to Redis was lost for so long that it is not known whether the event was published',
        };
      }
      if (event.history === null) return { kind: 'published', position: null };
      const position = { epoch: reply[0], offset: Number(reply[1]) };
      this.remember(event.channel, position);
      return { kind: 'published', position };
    } catch (error) {
      const { name, message } = error as Error;
      const refused = name === 'ReplyError' && !NOT_NOW.test(message);
      return refused
        ? { kind: 'refused', why: `Redis refused the event: ${message}` }
        : { kind: 'again', why: message };
    }
  }

  private publishOnce(client: Client, event: Publication, retry: boolean, deadline: number): Promise<unknown> {
    const { channel, body, history, idempotencyKey, messageId, floor } = event;
    const key = idempotencyKey === undefined ? [] : [this.keys.idempotency(channel, idempotencyKey)];
    const notAfter = Math.floor(Date.now() + (deadline - performance.now()) + this.clockOffset);
    const pubsub = this.keys.pubsub(channel);
    if (history === null)
      return this.run(client, PUBLISH_PLAIN, key, [pubsub, body, messageId, notAfter, IDEMPOTENCY_MS]);
    return this.run(
      client,
      PUBLISH,
      [this.keys.meta(channel), this.keys.history(channel), ...key],
      [
        ...[
          pubsub,
          body,
          messageId,
          history.size,
          history.ttlMs,
          retry ? 1 : 0,
          freshEpoch(),
          notAfter,
          IDEMPOTENCY_MS,
        ],
        ...[floor?.epoch ?? '-', floor?.offset ?? 0],
      ],
    );
  }

  private async positions(client: Redis, channels: readonly string[]): Promise<Position[]> {
    if (this.target.cluster !== undefined) {
      // The keys of different channels lie on different nodes.
      return Promise.all(channels.map(async (channel) => (await this.positionsOf(this.reader(), [channel]))[0]!));
    }
    return this.positionsOf(client, channels);
  }

  private async positionsOf(client: Client, channels: readonly string[]): Promise<Position[]> {
    const keys = channels.flatMap((channel) => [this.keys.meta(channel), this.keys.history(channel)]);
    const flat = (await this.run(client, POSITIONS, keys, [freshEpoch()])) as string[];
    return channels.map((_channel, index) => ({ epoch: flat[2 * index]!, offset: Number(flat[2 * index + 1]) }));
  }

  /** Reads go over the subscribing connection, behind every message that was written to it before; in a Cluster to the owner of the slot. */
  private reader(): Client {
    const client = this.target.cluster === undefined ? this.reading : this.publishing.client;
    if (client === null) throw new RealtimeUnavailableError(this.status.reason ?? 'Redis cannot be used');
    return client;
  }

  /** @throws RealtimeUnavailableError whatever kept Redis from answering */
  private async answerOf(script: Script, keys: readonly string[], args: readonly (string | number)[]) {
    const client = this.reader();
    try {
      return (await this.run(client, script, keys, args)) as string[];
    } catch (error) {
      throw new RealtimeUnavailableError(`Redis did not answer: ${(error as Error).message}`, { cause: error });
    }
  }

  private async run(
    client: Client,
    { sha, lua }: Script,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    try {
      return await client.evalsha(sha, keys.length, ...keys, ...args);
    } catch (error) {
      // A node of a Cluster that became a master has not got the script: it is sent along once.
      if (this.target.cluster === undefined || !(error as Error).message.includes('NOSCRIPT')) throw error;
      return client.eval(lua, keys.length, ...keys, ...args);
    }
  }

  private remember(channel: string, position: Position): void {
    this.tops.delete(channel);
    this.tops.set(channel, position);
    if (this.tops.size > MAX_TOPS) this.tops.delete(this.tops.keys().next().value!);
  }

  /** An answer that does not come lets the connection's own time limit close it. */
  private probe(): void {
    if (this.publishing.client !== null) this.measureClock(this.publishing.client).catch(() => undefined);
    this.subscribing.client?.ping().catch(() => undefined);
  }

  private async measureClock(client: Client): Promise<void> {
    const node = mastersOf(client)[0]!;
    const before = Date.now();
    const [seconds, micros] = (await node.time()) as unknown as [string, string];
    // The answer was made at some time before it came: taken as if at once, which makes deadlines end early, not late.
    const after = Date.now();
    this.clockOffset = Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000) - after;
    if (after - before > 1_000) this.clockOffset -= after - before;
  }

  private beat(): void {
    const { client } = this.publishing;
    if (client === null || this.subscribing.client === null) return;
    client.publish(this.keys.beat(this.instance), '').then(
      () => {
        const silent = performance.now() - this.beatHeardAt;
        if (silent > BEAT_LOST_MS)
          this.subscribing.reset(`nothing was heard through pub/sub for ${Math.round(silent / 1_000)} s`);
      },
      () => undefined,
    );
  }
}

function mastersOf(client: Client): Redis[] {
  return 'nodes' in client ? client.nodes('master') : [client];
}

/** An epoch in case that the channel has none; 12 hex digits. */
function freshEpoch(): string {
  return randomBytes(6).toString('hex');
}

function parseEntry(epoch: string, entry: string) {
  const afterOffset = entry.indexOf(' ');
  const afterId = entry.indexOf(' ', afterOffset + 1);
  return { position: { epoch, offset: Number(entry.slice(0, afterOffset)) }, body: entry.slice(afterId + 1) };
}
