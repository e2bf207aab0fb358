import { RealtimeOptionsError } from '../options/resolve-options.js';
import type { OutboxDatabase } from './outbox-database.js';

/** What `RealtimeOutboxModule` takes. */
export interface RealtimeOutboxOptions {
  /** The Postgres that holds the table of `OUTBOX_MIGRATION`: `pgOutboxDatabase(pool)`, or your own. */
  readonly database: OutboxDatabase;
  /** Whether this process sends what waits; where it does not, it only writes. @default true */
  readonly relay?: boolean;
  /** Events that are sent at once, at most. @default 100 */
  readonly batchSize?: number;
  /** How often is looked for rows that no notification told of, in milliseconds. @default 1000 */
  readonly pollIntervalMs?: number;
  /**
   * How long Redis remembers what was sent, in milliseconds: where all that was killed takes longer to come back, the events
   * that were on their way may be sent twice. It costs about 120 bytes of Redis for each event of that time. @default 3600000
   */
  readonly rememberMs?: number;
}

/** {@link RealtimeOutboxOptions} with every default, as the providers of the module inject it. */
export abstract class ResolvedOutboxOptions implements Required<RealtimeOutboxOptions> {
  abstract readonly database: OutboxDatabase;
  abstract readonly relay: boolean;
  abstract readonly batchSize: number;
  abstract readonly pollIntervalMs: number;
  abstract readonly rememberMs: number;
}

const RANGES = { batchSize: [1, 1_000], pollIntervalMs: [50, 60_000], rememberMs: [60_000, 86_400_000] } as const;

/** @throws RealtimeOptionsError with a line for each option that is wrong */
export function resolveOutboxOptions(given: RealtimeOutboxOptions): ResolvedOutboxOptions {
  const { database, relay = true, batchSize = 100, pollIntervalMs = 1_000, rememberMs = 3_600_000 } = given;
  const options = { database, relay, batchSize, pollIntervalMs, rememberMs };
  const problems: string[] = [];
  if (typeof database?.query !== 'function' || typeof database.transaction !== 'function') {
    problems.push('`database` of RealtimeOutboxModule must have query() and transaction(): pgOutboxDatabase(pool) has');
  }
  if (typeof relay !== 'boolean') problems.push('`relay` of RealtimeOutboxModule must be true or false');
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    const value: unknown = Reflect.get(options, name);
    if (!Number.isSafeInteger(value) || Number(value) < least || Number(value) > most) {
      problems.push(`\`${name}\` of RealtimeOutboxModule must be a whole number from ${least} to ${most}`);
    }
  }
  const known = Object.keys(options);
  const unknown = Object.keys(given).filter((name) => !known.includes(name));
  problems.push(...unknown.map((name) => `\`${name}\` of RealtimeOutboxModule: there is no such option`));
  if (problems.length > 0) throw new RealtimeOptionsError(problems);
  return options;
}
