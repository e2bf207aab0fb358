/** How often the broker looks whether it still hears, in milliseconds. */
export interface RedisIntervals {
  /** How often each connection is asked something, which shows that it lives. */
  readonly probeMs: number;
  /** How often the instance sends itself a beat through pub/sub. */
  readonly selfPingMs: number;
  /** Time without a self-ping after which the instance subscribes again. */
  readonly selfPingLostMs: number;
  /** After how long without traffic a channel's position is read, ± 20 %. */
  readonly auditMs: number;
}

export const REDIS_INTERVALS: RedisIntervals = {
  probeMs: 2_000,
  selfPingMs: 5_000,
  selfPingLostMs: 12_000,
  auditMs: 60_000,
};
