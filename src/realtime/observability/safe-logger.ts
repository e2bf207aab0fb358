import { Logger } from '@nestjs/common';
import { toLogError, toLogLine } from './log-text.js';

type Line = [message: unknown, ...details: unknown[]];

/**
 * Nest's logger, made safe. The application chooses its output, and an error there must not stop the work that logs.
 * Lines contain untrusted text, so every message is written as one line without terminal control characters.
 */
export class SafeLogger extends Logger {
  override log(...line: Line): void {
    attempt(() => super.log(...safe(line)));
  }

  override warn(...line: Line): void {
    attempt(() => super.warn(...safe(line)));
  }

  override error(...line: Line): void {
    attempt(() => super.error(...safe(line)));
  }

  override debug(...line: Line): void {
    attempt(() => super.debug(...safe(line)));
  }
}

function safe([message, ...details]: Line): [unknown] {
  return [typeof message === 'string' ? toLogLine(message) : toLogError(message), ...details.map(toLogError)] as [
    unknown,
  ];
}

function attempt(write: () => void): void {
  try {
    write();
  } catch {
    // The line is lost, because there is no other place to report it.
  }
}
