import { ProtocolError } from '../../protocol/index.js';
import type { CommandLimitOptions } from '../options/command-options.js';
import { KeyedBuckets } from '../timing/keyed-buckets.js';
import type { FoundCommand } from './find-commands.js';
import type { CallOrigin } from './running-call.js';

const TOO_FAST = new ProtocolError('rate_limited', { message: 'Too many calls of this command: slow down' });
const TOO_MANY = new ProtocolError('rate_limited', { message: 'Too many calls are running: wait for an answer' });

type Limits = Pick<CommandLimitOptions, 'perSecond' | 'maxRunning' | 'maxRunningPerUser'>;

/** Rates and concurrent calls of this instance. */
export class CallLimits {
  private readonly rates = new Map<string, KeyedBuckets>();
  /** Running calls by connection and by owner. */
  private readonly running = new Map<string, number>();

  constructor(private readonly limits: Limits) {}

  /**
   * Counts a call until the result is called.
   * @param owner key of the user
   * @throws ProtocolError `rate_limited`
   */
  begin({ name, options }: FoundCommand, { connectionId }: CallOrigin, owner: string, now: number): () => void {
    const { maxRunning, maxRunningPerUser } = this.limits;
    const user = `user ${owner}`;
    const connection = connectionId === null ? null : `connection ${connectionId}`;
    const ofConnection = connection === null ? 0 : (this.running.get(connection) ?? 0);
    if (ofConnection >= maxRunning || (this.running.get(user) ?? 0) >= maxRunningPerUser) throw TOO_MANY;
    if (!this.rateOf(name, options.perSecond).take(owner, now)) throw TOO_FAST;
    this.add(user, 1);
    if (connection !== null) this.add(connection, 1);
    return () => {
      this.add(user, -1);
      if (connection !== null) this.add(connection, -1);
    };
  }

  private rateOf(name: string, perSecond = this.limits.perSecond): KeyedBuckets {
    let rate = this.rates.get(name);
    if (rate === undefined) this.rates.set(name, (rate = new KeyedBuckets({ perSecond })));
    return rate;
  }

  private add(key: string, by: number): void {
    const count = (this.running.get(key) ?? 0) + by;
    if (count <= 0) this.running.delete(key);
    else this.running.set(key, count);
  }
}
