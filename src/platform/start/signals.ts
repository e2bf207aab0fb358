import { constants } from 'node:os';
import { safely } from '../../realtime/index.js';

/** Signals that shut the platform down gracefully. */
export const END_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Exits immediately on a second signal. */
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
