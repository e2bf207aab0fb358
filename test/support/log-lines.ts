import { Logger } from '@nestjs/common';

/** Records the lines of Nest's logger as `level: text`. `Logger.overrideLogger(true)` ends it. */
export function recordLog(): string[] {
  const lines: string[] = [];
  const write =
    (level: string) =>
    (message: unknown): void =>
      void lines.push(`${level}: ${String(message)}`);
  Logger.overrideLogger({ log: write('log'), warn: write('warn'), error: write('error'), debug: write('debug') });
  return lines;
}
