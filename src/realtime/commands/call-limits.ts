import { ProtocolError } from '../../protocol/index.js';
import type { CommandLimitOptions } from '../options/command-options.js';
import { KeyedBuckets } from '../timing/keyed-buckets.js';
import type { FoundCommand } from './find-commands.js';

const TOO_FAST = new ProtocolError('rate_limited', { message: 'Too many calls of this command: slow down' });
const TOO_MANY = new ProtocolError('rate_limited', { message: 'Too many calls are running: wait for an answer' });

type Limits = Pick<CommandLimitOptions, 'perSecond' | 'maxRunning' | 'maxRunningPerUser'>;

/** Rates and concurrent calls of this instance. */
export class CallLimits {
  private readonly rates = new Map<string, KeyedBuckets>();
  /** Numbers of running calls, by user and by connection. */
  private readonly ofOwners = new Map<string, number>();
  private readonly ofConnections = new Map<string, number>();

  constructor(private readonly limits: Limits) {}

  /**
   * Counts a call, until {@link end}.
   * @param owner key of the user
   * @throws ProtocolError `rate_limited`
   */
  begin({ name, options }: FoundCommand, connectionId: string | null, owner: string, now: number): void {
    const { maxRunning, maxRunningPerUser } = this.limits;
    if (connectionId !== null && (this.ofConnections.get(connectionId) ?? 0) >= maxRunning) throw TOO_MANY;
    if ((this.ofOwners.get(owner) ?? 0) >= maxRunningPerUser) throw TOO_MANY;
    if (!this.rateOf(name, options.perSecond).take(owner, now)) throw TOO_FAST;
    add(this.ofOwners, owner, 1);
    if (connectionId !== null) add(this.ofConnections, connectionId, 1);
  }

  /** Ends a call that was counted. */
  end(connectionId: string | null, owner: string): void {
    add(this.ofOwners, owner, -1);
    if (connectionId !== null) add(this.ofConnections, connectionId, -1);
  }

  private rateOf(name: string, perSecond = this.limits.perSecond): KeyedBuckets {
    let rate = this.rates.get(name);
    if (rate === undefined) this.rates.set(name, (rate = new KeyedBuckets({ perSecond })));
    return rate;
  }
}

function add(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count <= 0) counts.delete(key);
  else counts.set(key, count);
}
