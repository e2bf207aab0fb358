import type { ParseArgsConfig } from 'node:util';
import type { Terminal } from './terminal.js';

/** Arguments of a command, after its name. */
export interface Given {
  /** Arguments that are not options. */
  readonly words: readonly string[];
  /** Options with a value. */
  readonly texts: Readonly<Partial<Record<string, string>>>;
  /** Options without a value. */
  readonly flags: ReadonlySet<string>;
}

/** Options by name, as `parseArgs` takes them. */
export type OptionTypes = NonNullable<ParseArgsConfig['options']>;

/** A subcommand. */
export interface Command {
  readonly name: string;
  /** Its lines in the help: arguments and options, then indented sentences. */
  readonly usage: string;
  readonly options: OptionTypes;
  /** @returns the exit code @throws ToolError for invalid input */
  run(given: Given, terminal: Terminal): Promise<number>;
}

/** Exit codes of all commands. */
export const DONE = 0;
export const REFUSED = 1;
export const INVALID = 2;

/** Options with a value. */
export function withValues(...names: readonly string[]): OptionTypes {
  return Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
}
