/** Intervals of health checks of the Redis broker, in milliseconds. */
export interface RedisIntervals {
  /** How often a command is sent on each connection, to detect that it is dead. */
  readonly probeMs: number;
  /** How often the instance sends itself a ping through pub/sub. */
  readonly selfPingMs: number;
  /** Time without a self-ping after which the instance subscribes again. */
  readonly selfPingLostMs: number;
  /** Time without traffic after which the position of a channel is read, ± 20 %. */
  readonly auditMs: number;
}

export const REDIS_INTERVALS: RedisIntervals = {
  probeMs: 2_000,
  selfPingMs: 5_000,
  selfPingLostMs: 12_000,
  auditMs: 60_000,
};
