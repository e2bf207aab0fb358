import { constants } from 'node:os';
import { safely } from '../../realtime/index.js';

/** The signals that end the platform gracefully. */
export const END_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Whoever sends a second signal does not want to wait: it ends the process at once. */
export function endAtOnceOnSecondSignal(): void {
  let ending = false;
  for (const signal of END_SIGNALS) {
    process.on(
      signal,
      safely('A signal', () => {
        if (ending) process.exit(128 + constants.signals[signal]);
        ending = true;
      }),
    );
  }
}
