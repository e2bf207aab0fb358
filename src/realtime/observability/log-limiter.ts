import type { Logger } from '@nestjs/common';

/** Minimum interval between two log lines of one kind, in milliseconds. */
const EVERY_MS = 10_000;
/** Maximum number of remembered kinds. */
const MAX_KINDS = 1_000;

/** A sentence, or a function that builds it only if it is logged. */
type Sentence = string | (() => string);

/** Limits log lines that clients can cause: one of each kind in ten seconds, with the number of suppressed ones. */
export class LogLimiter {
  /** State by kind: `at` is the time of the last line (`performance.now()`), `kept` the number of lines suppressed since. */
  private readonly kinds = new Map<string, { at: number; kept: number }>();

  constructor(private readonly logger: Pick<Logger, 'log' | 'warn' | 'error' | 'debug'>) {}

  /** @param kind from a small fixed set, because each kind is remembered */
  warn(kind: string, sentence: Sentence): void {
    this.pass(kind, sentence, (line) => this.logger.warn(line));
  }

  /** {@link warn} for normal events that are worth a line. */
  log(kind: string, sentence: Sentence): void {
    this.pass(kind, sentence, (line) => this.logger.log(line));
  }

  /** {@link warn} on the level `debug`. */
  debug(kind: string, sentence: Sentence): void {
    this.pass(kind, sentence, (line) => this.logger.debug(line));
  }

  /** {@link warn} for errors of this module. */
  error(kind: string, sentence: Sentence, error: unknown): void {
    this.pass(kind, sentence, (line) => this.logger.error(line, error));
  }

  private pass(kind: string, sentence: Sentence, write: (line: string) => void): void {
    const now = performance.now();
    const last = this.kinds.get(kind);
    if (last !== undefined && now - last.at < EVERY_MS) {
      last.kept += 1;
      return;
    }
    if (this.kinds.size >= MAX_KINDS) this.kinds.clear();
    this.kinds.set(kind, { at: now, kept: 0 });
    const line = typeof sentence === 'string' ? sentence : sentence();
    write(last === undefined || last.kept === 0 ? line : `${line} (and ${last.kept} more before this)`);
  }
}
