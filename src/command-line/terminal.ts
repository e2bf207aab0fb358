/** Input and output of a command. */
export interface Terminal {
  /** Environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C, by SIGTERM, and when the reader of the output is gone, as after `| head`. */
  readonly ended: AbortSignal;
  /** Writes to the standard output. @returns a promise to await before the next write, if the reader is slow */
  write(text: string): Promise<void> | undefined;
  /** Writes to the standard error. */
  writeError(text: string): void;
  /** Reads the standard input to its end. */
  input(): Promise<string>;
}
