/** Where a command reads and writes. */
export interface Terminal {
  /** Environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C, by SIGTERM, and when the reader of the output is gone, as after `| head`. */
  readonly ended: AbortSignal;
  /** Writes to the standard output. @returns a promise if the reader is slower: wait for it before the next text */
  write(text: string): Promise<void> | undefined;
  /** Writes to the standard error. */
  complain(text: string): void;
  /** Reads the standard input to its end. */
  input(): Promise<string>;
}
