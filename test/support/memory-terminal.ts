import type { Terminal } from '../../src/command-line/terminal.js';

/** A terminal that keeps what a command writes. */
export interface MemoryTerminal extends Terminal {
  /** Standard output so far. */
  readonly out: string;
  /** Standard error so far. */
  readonly problems: string;
}

/** @param input the standard input */
export function memoryTerminal(
  env: Terminal['env'] = {},
  input = '',
  ended: AbortSignal = new AbortController().signal,
): MemoryTerminal {
  const written = { out: '', problems: '' };
  return {
    env,
    ended,
    get out() {
      return written.out;
    },
    get problems() {
      return written.problems;
    },
    write: (text) => void (written.out += text),
    writeError: (text) => void (written.problems += text),
    input: () => Promise.resolve(input),
  };
}
