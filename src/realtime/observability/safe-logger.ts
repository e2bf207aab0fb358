import { Logger } from '@nestjs/common';

/** Nest's logger. The application chooses where its lines go, and an error there must not stop the work that logs. */
export class SafeLogger extends Logger {
  override log(...line: [unknown, ...unknown[]]): void {
    attempt(() => super.log(...(line as [unknown])));
  }

  override warn(...line: [unknown, ...unknown[]]): void {
    attempt(() => super.warn(...(line as [unknown])));
  }

  override error(...line: [unknown, ...unknown[]]): void {
    attempt(() => super.error(...(line as [unknown])));
  }

  override debug(...line: [unknown, ...unknown[]]): void {
    attempt(() => super.debug(...(line as [unknown])));
  }
}

function attempt(write: () => void): void {
  try {
    write();
  } catch {
    // The line is lost: there is no other place to report it.
  }
}
