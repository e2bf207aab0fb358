import {
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { RealtimeStreamTypes, StreamChannel, StreamFrom, StreamItem, StreamResult } from '../../protocol/index.js';
import { RealtimeUnavailableError } from '../broker/errors.js';
import { ChannelCatalogue, type Channel } from '../channels/channel-catalogue.js';
import { ClusterBus } from '../cluster/cluster-bus.js';
import type { Subscription } from '../connections/subscription.js';
import { FanOut } from '../delivery/fan-out.js';
import { RedisBridge } from '../delivery/redis-bridge.service.js';
import { Counters } from '../observability/counters.js';
import { runSafely, safely } from '../observability/run-safely.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { Tenants } from '../tenants/tenants.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import { withTimeout } from '../timing/with-timeout.js';
import { cancelAt, type CancelRequest } from './cancel-question.js';
import { StreamOpenError } from './errors.js';
import { instanceStreams, type InstanceStream, type OpenStream } from './instance-stream.js';
import { StreamActivity } from './stream-activity.js';
import { whileOpen } from './stream-appender.js';
import { isNotice, LOOK } from './stream-notice.js';
import { CHECKS_PER_LEASE, StreamReaders, type Joined } from './stream-readers.js';
import { StreamStore, type StreamRules } from './stream-store.js';
import { StreamWriter } from './stream-writer.js';

/** Time for which the instance of a writer can answer, in milliseconds. */
const ANSWER_MS = 2_000;
/** Time for which a shutdown waits until the end of its streams is stored, in milliseconds. */
const SHUTDOWN_MS = 5_000;

/** The writers whose lease must be extended are renewed in this number of checks. */
const RENEWAL_SHARES = 8;

/** Options of {@link RealtimeStreams.open}. */
export interface OpenStreamOptions {
  /** With the option `tenants`: tenant of the stream. @default the tenant of the running code (`withTenant`) */
  readonly tenant?: string;
  /** Time for which the stream is kept after its last change, in milliseconds. @default the option `streams.ttlMs` */
  readonly ttlMs?: number;
  /** Time for which small writes are collected, in milliseconds. @default the option `streams.joinMs` */
  readonly joinMs?: number;
  /**
   * Continues a stream that failed, or whose writer was killed, after its last byte. Without it the text starts over, and readers
   * start over too. A stream that is `done` or `cancelled` always starts over. @default false
   */
  readonly resume?: boolean;
}

/** A stream that is being opened. */
interface Opening {
  readonly channel: string;
  readonly pattern: string;
  readonly topic: string;
  readonly rules: StreamRules;
  readonly joinMs: number;
}

/** Result of a request to cancel a stream. */
export type CancelOutcome = 'cancelled' | 'not_found' | 'unavailable';

/**
 * Writes streams: channels whose definition has `stream`. See docs/streams.md.
 *
 * `T` is the stream map: `RealtimeStreamTypes`, or one that extends it.
 * @hideconstructor
 */
@Injectable()
export class RealtimeStreams<T extends RealtimeStreamTypes = RealtimeStreamTypes>
  implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  private readonly tenants: Tenants;
  private readonly readers: StreamReaders;
  /** Open streams of this instance, by topic. */
  private readonly writers = new Map<string, OpenStream>();
  /** @internal */
  readonly activity: StreamActivity;
  private readonly opening = new Set<Promise<unknown>>();
  private isEnding = false;
  private waitingBytes = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly catalogue: ChannelCatalogue,
    private readonly store: StreamStore,
    private readonly bus: ClusterBus,
    bridge: RedisBridge,
    fanOut: FanOut,
    private readonly options: ResolvedRealtimeOptions,
    counters: Counters,
    private readonly clock: RealtimeClock,
  ) {
    this.tenants = new Tenants(options);
    const streams = [...catalogue.registered()].filter(([, { stream }]) => stream !== null);
    this.activity = new StreamActivity(counters, new Set(streams.map(([, { pattern }]) => pattern)));
    this.readers = new StreamReaders(store, counters, fanOut, () => clock.now());
    if (!catalogue.hasStreams) return;
    bridge.onNotice = (topic, body) => {
      if (!isNotice(body)) return false;
      this.readers.notice(topic, body);
      return true;
    };
  }

  /** Streams that this instance writes, or that its clients read. @internal */
  here(): Iterable<InstanceStream> {
    return instanceStreams(this.writers, this.readers.watched);
  }

  /** Number of bytes that were written on this instance and are not stored yet. @internal */
  get unstoredBytes(): number {
    return this.waitingBytes;
  }

  /**
   * Opens a stream for writing. Only one writer of all instances has it at a time.
   * @throws StreamOpenError `conflict` if another writer has it, `too_many` if this instance writes `streams.maxOpen` streams,
   * `invalid_channel` if the channel is not registered, or is not a stream
   * @throws RealtimeUnavailableError if the backend does not answer, or this instance is shutting down
   * @throws TenantError
   */
  async open<C extends StreamChannel<T>>(
    channel: C,
    options: OpenStreamOptions = {},
  ): Promise<StreamWriter<StreamItem<T, C>, StreamResult<T, C>>> {
    const { definition, pattern, topic } = this.streamOf(channel, options.tenant);
    if (this.isEnding) throw new RealtimeUnavailableError('The application is shutting down: no stream was opened');
    const { streams } = this.options;
    const ttlMs = checked('ttlMs', options.ttlMs ?? streams.ttlMs, 1_000);
    const joinMs = checked('joinMs', options.joinMs ?? streams.joinMs, 0);
    if (this.writers.size + this.opening.size >= streams.maxOpen) {
      throw new StreamOpenError('too_many', `This instance writes ${streams.maxOpen} streams: raise streams.maxOpen`);
    }
    const { lines, maxBytes } = definition;
    const rules = { leaseMs: streams.leaseMs, ttlMs, maxBytes, lines };
    const opening = this.openTopic({ channel, pattern, topic, rules, joinMs }, options.resume === true);
    this.opening.add(opening);
    try {
      return await opening;
    } finally {
      this.opening.delete(opening);
    }
  }

  private async openTopic(opening: Opening, resume: boolean): Promise<StreamWriter> {
    const { channel, pattern, topic, rules, joinMs } = opening;
    const { streams } = this.options;
    const token = { id: randomUUID(), writer: randomUUID() };
    const request = { ...token, owner: this.bus.instanceId, resume };
    const opened = await this.store.open(topic, request, whileOpen(rules), LOOK);
    if (opened.state === 'conflict') {
      throw new StreamOpenError(
        'conflict',
        `The stream ${channel} is being written: end it first, or wait until its lease ends`,
      );
    }
    const host = {
      ...{ store: this.store, topic, channel, rules, joinMs, token: { ...token, id: opened.id } },
      now: () => this.clock.now(),
      waits: (bytes: number) => {
        this.waitingBytes += bytes;
        return this.waitingBytes > streams.maxWaitingBytes;
      },
      written: (bytes: number) => {
        open.writtenAt = Date.now();
        this.activity.appended(pattern, bytes);
      },
      ended: (state: 'done' | 'failed' | 'cancelled') => {
        this.activity.ended(pattern, state);
        if (this.writers.get(topic) === open) this.writers.delete(topic);
      },
    };
    const now = Date.now();
    const open: OpenStream = { writer: new StreamWriter(host, opened.next), openedAt: now, writtenAt: now };
    this.writers.set(topic, open);
    if (this.isEnding) await open.writer.shutDown();
    return open.writer;
  }

  /**
   * Asks the writer of a stream to stop, on any instance: its `signal` is aborted, and the stream becomes `cancelled`.
   * @returns `not_found` if the stream is not open, `unavailable` if the backend or the instance of the writer does not answer
   */
  cancel(channel: StreamChannel<T>, { tenant }: Pick<OpenStreamOptions, 'tenant'> = {}): Promise<CancelOutcome> {
    return this.cancelTopic(this.streamOf(channel, tenant).topic);
  }

  /** @internal */
  cancelTopic(topic: string): Promise<CancelOutcome> {
    return this.activity.cancelling(() => this.cancelAnywhere(topic));
  }

  private async cancelAnywhere(topic: string): Promise<CancelOutcome> {
    if (this.cancelHere(topic)) return 'cancelled';
    try {
      const page = await this.store.read(topic, 0, 0, false, LOOK);
      if (page?.state !== 'open') return 'not_found';
      if (page.owner === this.bus.instanceId) return this.cancelHere(topic) ? 'cancelled' : 'not_found';
      const { answers } = await this.bus.ask(cancelAt(page.owner), { topic }, ANSWER_MS);
      const answer = answers.get(page.owner);
      if (answer === undefined) return 'unavailable';
      return answer ? 'cancelled' : 'not_found';
    } catch {
      return 'unavailable';
    }
  }

  /** Makes a subscription the reader of a stream. @internal */
  join(subscription: Subscription, channel: Channel, from: StreamFrom): Promise<Joined | null> {
    return this.readers.join(subscription, channel, from);
  }

  onApplicationBootstrap(): void {
    if (!this.catalogue.hasStreams) return;
    const { leaseMs } = this.options.streams;
    const check = safely('The leases of streams', () => {
      this.readers.check(leaseMs);
      return this.renewSome();
    });
    this.timer = setInterval(check, leaseMs / CHECKS_PER_LEASE).unref();
    if (this.bus.isAlone) return;
    const handler = { answer: ({ topic }: CancelRequest): boolean => this.cancelHere(topic) };
    runSafely('Listening for cancelled streams', () => this.bus.answer(cancelAt(this.bus.instanceId), handler));
  }

  /** Ends the streams of this instance as failed: another instance can continue them. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isEnding = true;
    const ends = [...this.writers.values()].map(({ writer }) => writer.shutDown());
    await withTimeout(Promise.allSettled([...ends, ...this.opening]), SHUTDOWN_MS, () => []);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    for (const { writer } of this.writers.values()) writer.giveUp();
  }

  private cancelHere(topic: string): boolean {
    const open = this.writers.get(topic);
    if (open === undefined) return false;
    runSafely('Cancelling a stream', () => open.writer.cancel().then(() => undefined));
    return true;
  }

  private streamOf(channel: string, tenant: string | undefined) {
    const found = typeof channel === 'string' ? this.catalogue.find(channel) : null;
    if (found === null) {
      throw new StreamOpenError('invalid_channel', `The channel ${channel} is not registered`);
    }
    if (found.stream === null) {
      throw new StreamOpenError(
        'invalid_channel',
        `The channel ${channel} is not a stream: give its definition \`stream: true\``,
      );
    }
    return {
      definition: found.stream,
      pattern: found.pattern,
      topic: this.tenants.topicOf(channel, found.global, tenant),
    };
  }

  /** Extends leases, at most a share of all at once: the backend and this instance do other work between. */
  private async renewSome(): Promise<void> {
    const due: StreamWriter[] = [];
    const most = Math.ceil(this.writers.size / RENEWAL_SHARES);
    for (const { writer } of this.writers.values()) {
      if (writer.mustRenew) due.push(writer);
      if (due.length === most) break;
    }
    await Promise.allSettled(due.map((writer) => writer.renew()));
  }
}

function checked(name: string, value: number, min: number): number {
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw new RangeError(`${name} must be a whole number of milliseconds from ${min}, not ${String(value)}`);
}
