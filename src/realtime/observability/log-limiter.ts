import type { Logger } from '@nestjs/common';

/** How often a sentence of one kind is logged at most, in milliseconds. */
const EVERY_MS = 10_000;

/** Keeps a fault that anybody can cause from filling the log: of each kind one line in ten seconds, with how many it stands for. */
export class LogLimiter {
  /** kind → when it was logged last (`performance.now()`), and how often it was kept back since */
  private readonly kinds = new Map<string, { at: number; kept: number }>();

  constructor(private readonly logger: Pick<Logger, 'warn' | 'error'>) {}

  /** @param kind one of few: each is remembered */
  warn(kind: string, sentence: string): void {
    const repeated = this.pass(kind);
    if (repeated !== null) this.logger.warn(sentence + repeated);
  }

  /** {@link warn}, for what is our own fault. */
  error(kind: string, sentence: string, error: unknown): void {
    const repeated = this.pass(kind);
    if (repeated !== null) this.logger.error(sentence + repeated, error);
  }

  private pass(kind: string): string | null {
    const now = performance.now();
    const last = this.kinds.get(kind);
    if (last !== undefined && now - last.at < EVERY_MS) {
      last.kept += 1;
      return null;
    }
    this.kinds.set(kind, { at: now, kept: 0 });
    return last === undefined || last.kept === 0 ? '' : ` (and ${last.kept} more before this)`;
  }
}
