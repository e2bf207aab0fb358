import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { Terminal } from './terminal.js';

/** Returns the terminal of this process. A second Ctrl-C ends the process at once. */
export function standardTerminal(): Terminal {
  const end = new AbortController();
  process.once('SIGINT', () => end.abort());
  process.once('SIGTERM', () => end.abort());
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      end.abort();
    });
  }
  let drained: Promise<void> | undefined;
  return {
    env: process.env,
    ended: end.signal,
    write(output) {
      if (process.stdout.write(output) || end.signal.aborted) return undefined;
      drained ??= once(process.stdout, 'drain', { signal: end.signal })
        .then(ignore, ignore)
        .finally(() => (drained = undefined));
      return drained;
    },
    writeError: (output) => void process.stderr.write(output),
    input: () => text(process.stdin),
  };
}

const ignore = (): void => undefined;
