/** Responses of the operator API. Counters start with the instance; timestamps are ISO 8601. */
export interface Instance {
  readonly instanceId: string;
  readonly draining: boolean;
  readonly connections: number;
  readonly users: number;
  readonly subscriptions: number;
  readonly channels: number;
  readonly eventsPublished: number;
  readonly eventsDelivered: number;
  readonly deliveryMs: { readonly p50: number; readonly p99: number } | null;
  readonly eventLoopDelayMs: number;
  readonly bufferedBytes: number;
  readonly startedAt: string;
  readonly seenAt: string;
}

export interface Stats {
  readonly instances: readonly Instance[];
  /** Instances that did not respond in time. Their entries are the last known ones. */
  readonly unanswered: readonly string[];
}

export interface Connection {
  readonly id: string;
  readonly instanceId: string;
  readonly userId: string | null;
  readonly role: string | null;
  readonly tenant?: string;
  readonly address: string;
  readonly connectedAt: string;
  readonly subscriptions: number;
  readonly bufferedBytes: number;
  readonly sessionId: string | null;
  readonly expiresAt: string | null;
}

export interface ConnectionDetails extends Connection {
  readonly channels: readonly string[];
  readonly userAgent?: string;
}

export interface ChannelRow {
  readonly channel: string;
  readonly tenant?: string;
  readonly pattern: string;
  readonly subscribers: number;
  readonly instances: number;
}

/** One page of a list. */
export interface Listed {
  readonly total: number;
  readonly next: string | null;
}

export interface Explanation {
  readonly channel: string;
  readonly allowed: boolean;
  readonly rule: string | null;
  readonly policy: string | null;
  readonly reason: string | null;
  readonly groups: readonly string[];
  readonly fields: readonly string[];
}
