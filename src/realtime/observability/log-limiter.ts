import type { Logger } from '@nestjs/common';

/** How often a sentence of one kind is logged at most, in milliseconds. */
const EVERY_MS = 10_000;
/** Kinds that are remembered. */
const MAX_KINDS = 1_000;

/** A sentence, or what makes it where it is logged. */
type Sentence = string | (() => string);

/** Limits log lines that clients can cause: one of each kind in ten seconds, with the number of suppressed ones. */
export class LogLimiter {
  /** kind → when it was logged last (`performance.now()`), and how often it was kept back since */
  private readonly kinds = new Map<string, { at: number; kept: number }>();

  constructor(private readonly logger: Pick<Logger, 'log' | 'warn' | 'error' | 'debug'>) {}

  /** @param kind one of few: each is remembered */
  warn(kind: string, sentence: Sentence): void {
    this.pass(kind, sentence, (line) => this.logger.warn(line));
  }

  /** {@link warn}, for what is in order and worth a line. */
  log(kind: string, sentence: Sentence): void {
    this.pass(kind, sentence, (line) => this.logger.log(line));
  }

  /** {@link warn}, for those who look closely. */
  debug(kind: string, sentence: Sentence): void {
    this.pass(kind, sentence, (line) => this.logger.debug(line));
  }

  /** {@link warn}, for what is our own fault. */
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
