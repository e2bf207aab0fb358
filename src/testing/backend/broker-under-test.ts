import type { Broker, OutgoingEvent, Position } from '../../realtime/index.js';
import type { Collector } from './collector.js';

/** History of the events that a test publishes, unless it says otherwise. */
export const HISTORY = { size: 10, ttlMs: 60_000 };

/** Limits of a read that no test exceeds by accident. */
export const LIMITS = { maxEvents: 100, maxBytes: 1_000_000 };

/** The broker and the topic of a test. */
export interface BrokerUnderTest {
  readonly broker: () => Broker;
  /** Collects what the broker delivers. */
  readonly collector: () => Collector;
  readonly topic: () => string;
  /** Publishes an event on the topic, with {@link HISTORY}. */
  readonly publish: (body: string, about?: Partial<OutgoingEvent>) => Promise<Position | null>;
  /** Publishes `m1`, `m2` … */
  readonly publishMany: (count: number, about?: Partial<OutgoingEvent>) => Promise<(Position | null)[]>;
}
