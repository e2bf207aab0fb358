import { RealtimeOptionsError } from '../../options/resolve-options.js';
import type { OutboxDatabase } from './outbox-database.js';

/** Options of `RealtimeOutboxModule`. */
export interface RealtimeOutboxOptions {
  /** Postgres database with the table of `OUTBOX_MIGRATION`: `pgOutboxDatabase(pool)`, or a custom one. */
  readonly database: OutboxDatabase;
  /** Sends stored events from this process. With `false` it only stores them. @default true */
  readonly relay?: boolean;
  /** Maximum number of events in a batch. @default 100 */
  readonly batchSize?: number;
  /** Interval in which the relay polls for rows without a notification, in milliseconds. @default 1000 */
  readonly pollIntervalMs?: number;
  /**
   * Time for which Redis remembers sent events, in milliseconds. If all processes are down for longer, events that were
   * being sent can be sent twice. It costs about 120 bytes of Redis memory per event of that time.
   * @default 3600000
   */
  readonly rememberMs?: number;
}

/** {@link RealtimeOutboxOptions} with all defaults, as injected into the providers of the module. */
export abstract class ResolvedOutboxOptions implements Required<RealtimeOutboxOptions> {
  abstract readonly database: OutboxDatabase;
  abstract readonly relay: boolean;
  abstract readonly batchSize: number;
  abstract readonly pollIntervalMs: number;
  abstract readonly rememberMs: number;
}

const RANGES = { batchSize: [1, 1_000], pollIntervalMs: [50, 60_000], rememberMs: [60_000, 86_400_000] } as const;

/**
 * Validates the options and adds defaults.
 * @throws RealtimeOptionsError with a line for each option that is wrong
 */
export function resolveOutboxOptions(given: RealtimeOutboxOptions): ResolvedOutboxOptions {
  const { database, relay = true, batchSize = 100, pollIntervalMs = 1_000, rememberMs = 3_600_000 } = given;
  const options = { database, relay, batchSize, pollIntervalMs, rememberMs };
  const problems: string[] = [];
  if (typeof database?.query !== 'function' || typeof database.transaction !== 'function') {
    problems.push(
      '`database` of RealtimeOutboxModule must have query() and transaction(), as pgOutboxDatabase(pool) does',
    );
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
  problems.push(...unknown.map((name) => `\`${name}\` is not a known option of RealtimeOutboxModule`));
  if (problems.length > 0) throw new RealtimeOptionsError(problems);
  return options;
}
