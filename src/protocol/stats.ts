/** Counters since start, and current numbers. */
export interface InstanceStats {
  readonly connections: number;
  readonly anonymous: number;
  readonly users: number;
  readonly channels: number;
  readonly subscriptions: number;
  readonly published: number;
  readonly delivered: number;
  readonly slowConsumersClosed: number;
  readonly uptimeMs: number;
}

export interface ClusterStats extends InstanceStats {
  readonly instances: number;
}

/** Number of subscribed connections of a channel, across all instances. */
export interface ChannelStats {
  readonly channel: string;
  /** Tenant of the channel. Absent without tenants and for a global channel. */
  readonly tenant?: string;
  readonly subscribers: number;
}

/** Answer to `stats`. */
export interface Stats {
  readonly instance: InstanceStats;
  readonly cluster: ClusterStats;
  /** The 100 channels with the most subscribers in the cluster. */
  readonly channels: readonly ChannelStats[];
}
