import { Injectable } from '@nestjs/common';
import {
  CLOSE_CODES,
  ERROR_CODES,
  RECOVERY_REASONS,
  REQUEST_TYPES,
  SERVER_FRAME_TYPES,
  type Unstamped,
} from '../../protocol/index.js';
import { measurementsFor, type Measurements } from './measurements.js';
import { CounterMap } from './counter-map.js';
import { CountersByTenant } from './tenant-counters.js';

/** Types of frames to clients, without events, which are counted as deliveries. */
const FRAMES_SENT = [...Object.keys(SERVER_FRAME_TYPES).filter((type) => type !== 'event'), 'application'];

/** Close codes of clients and the network that are counted separately; all others count as `other`. */
const OTHER_CLOSES = [1000, 1005, 1006];
const CLOSES = new Set([...OTHER_CLOSES, ...Object.values(CLOSE_CODES).map(({ code }) => code)]);

/** Counters of this instance since its start. They are plain numbers that are incremented in place. */
@Injectable()
export class Counters {
  /** Events published by this instance and acknowledged. */
  published = 0;
  /**
   * Events of the outbox that this instance sent. `outboxSetAside` counts those that were set aside because they can
   * never be published.
   */
  outboxSent = 0;
  outboxSetAside = 0;
  /** Events written to connections of this instance, counted once per connection. */
  delivered = 0;
  /** Connections closed because they read too slowly. */
  slowConsumersClosed = 0;
  /** Number of times that all send buffers together exceeded their limit. */
  buffersOverflowed = 0;
  /**
   * Upgrades of this path: `accepted`; `draining`, `overloaded`, `throttled` or `timed_out` (answered with 503);
   * `origin_refused` (403); `token_repeated` (401); or the code of the `error` frame.
   */
  readonly handshakes = new CounterMap([
    ...['accepted', 'draining', 'overloaded', 'throttled', 'timed_out'],
    ...[
      'origin_refused',
      'token_repeated',
      'forbidden',
      'token_invalid',
      'token_expired',
      'too_many_connections',
      'unavailable',
      'internal',
    ],
  ]);
  /** Closed connections, by close code. */
  readonly closed = new CounterMap([...[...CLOSES].map(String), 'other']);
  /**
   * Frames from clients: the type of the request, `application` for a message type of the application, `bad`, or
   * `rate_limited`.
   */
  readonly framesReceived = new CounterMap([...REQUEST_TYPES, 'application', 'bad', 'rate_limited']);
  /** Frames to clients by type, without events, which are counted in {@link delivered}. */
  readonly framesSent = new CounterMap(FRAMES_SENT);
  /** `error` frames by code. */
  readonly errorsSent = new CounterMap(Object.keys(ERROR_CODES));
  /** Gaps that this instance detected. `gapsFilled` counts those that were filled completely from the history. */
  gapsFound = 0;
  gapsFilled = 0;
  /** Connected subscribers that were sent `resync`, by reason. */
  readonly resyncs = new CounterMap(RECOVERY_REASONS);
  /** Subscriptions that asked to resume: `recovered`, or the reason for a failure. */
  readonly recoveries = new CounterMap(['recovered', ...RECOVERY_REASONS]);
  /** Calls of `emit` that were rejected: `invalid_event`, `unavailable`, `tenant_busy` or `internal`. */
  readonly failedEvents = new CounterMap(['invalid_event', 'unavailable', 'tenant_busy', 'internal']);
  /**
   * Events whose data does not match the class of their channel: `refused`, `dropped` or `passed`. `withheld` counts
   * events with restricted fields that this instance does not know.
   */
  readonly invalidEvents = new CounterMap(['refused', 'dropped', 'passed', 'withheld']);
  /** Failures of channel policies: they threw, timed out, or returned an invalid answer, or were not called. */
  readonly policyFailures = new CounterMap(['threw', 'timed_out', 'invalid']);
  /** Calls of methods with `@OnRealtime`. `dropped` counts those that were not made, because too many were waiting. */
  readonly hookCalls = new CounterMap(['succeeded', 'threw', 'timed_out', 'dropped']);
  /** Calls of commands that ended: `succeeded`, or the error code. */
  readonly calls = new CounterMap(['succeeded', ...Object.keys(ERROR_CODES)]);
  /** Times that clients of this instance waited for a load of another one. */
  stateWaits = 0;
  /** Changes of states that this instance published. */
  readonly stateChanges = new CounterMap(['patch', 'set', 'difference', 'reload']);
  /** States sent to clients of this instance, and the bytes of their frames, by pattern. */
  readonly statesSent = new CounterMap();
  readonly stateBytesSent = new CounterMap();
  /** Appends of this instance to streams, and their bytes by pattern. */
  streamAppends = 0;
  readonly streamBytes = new CounterMap();
  /** Parts of streams that this instance read from the store for its readers. */
  streamReads = 0;
  /** Bytes that were dropped from streams before readers of this instance received them. */
  streamBytesSkipped = 0;
  /** Streams of this instance that ended, by state. */
  readonly streamsEnded = new CounterMap(['done', 'failed', 'cancelled']);
  /**
   * Messages and values in Redis under the module's prefix that no instance wrote. They are skipped, unless they are
   * forged events, which were delivered before they were detected.
   */
  foreignMessages = 0;
  /** Counters by tenant. */
  readonly byTenant = new CountersByTenant();
  /** `performance.now()` of the start. */
  readonly startedAt = performance.now();

  /** Receiver of durations and sizes; `null` while they are not measured. */
  measurements: Measurements | null = null;
  private readonly measuring = new Set<Measurements>();

  /** Adds a receiver of durations and sizes. @returns a function that removes it */
  measure(taker: Measurements): () => void {
    this.measuring.add(taker);
    this.measurements = measurementsFor(this.measuring);
    return () => {
      this.measuring.delete(taker);
      this.measurements = measurementsFor(this.measuring);
    };
  }

  /** Counts a frame to a client, and its error code, resync reason or recovery outcome. */
  countSent(frame: Unstamped): void {
    this.framesSent.add(frame.type);
    if (frame.type === 'error') this.errorsSent.add(frame.code);
    else if (frame.type === 'resync') this.resyncs.add(frame.reason);
    else if (frame.type === 'subscribed' && frame.recovered !== undefined) {
      this.recoveries.add(frame.recovered ? 'recovered' : frame.reason!);
    }
  }

  /** Counts an event that was replayed to one subscriber. */
  countReplayed(topic: string, tenant: string | null): void {
    this.delivered += 1;
    this.byTenant.add(tenant, 'delivered');
    this.measurements?.replayed(topic, 1);
  }

  /** Counts a closed connection. */
  countClosed(code: number): void {
    this.closed.add(CLOSES.has(code) ? String(code) : 'other');
  }
}
