/** How often the broker looks whether it still hears, in milliseconds. */
export interface RedisTimes {
  /** How often each connection is asked something, which shows that it lives. */
  readonly probeMs: number;
  /** How often the instance sends itself a beat through pub/sub. */
  readonly beatMs: number;
  /** After how long without a beat of its own it subscribes anew. */
  readonly beatLostMs: number;
  /** After how long without traffic a channel's position is read, ± 20 %. */
  readonly auditMs: number;
}

export const REDIS_TIMES: RedisTimes = { probeMs: 2_000, beatMs: 5_000, beatLostMs: 12_000, auditMs: 60_000 };
