import { inspect } from 'node:util';

/** The longest line of the log, in characters. */
const MAX_LINE = 4_000;

/**
 * Characters that end a line, steer a terminal, or change the order in which text is shown: C0 and C1 controls, line and
 * paragraph separators, marks of direction, zero-width characters, lone surrogates.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Strings inside are shortened, as lines are. */
const ONE_LINE = { breakLength: Infinity, compact: true, maxStringLength: MAX_LINE };

/** Escapes a string for one log line: untrusted text can neither start another line nor control a terminal. */
export function toLogLine(text: string): string {
  const short = text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}…` : text;
  return short.replace(UNSAFE, (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`);
}

/**
 * An error for the log: its message is one line, and its stack ends no line but after a call. Any other value is one line;
 * nothing stays nothing.
 */
export function toLogError(error: unknown): unknown {
  if (error === undefined || error === null) return error;
  if (!(error instanceof Error)) return toLogLine(typeof error === 'string' ? error : inspect(error, ONE_LINE));
  const { name, message, stack = '' } = error;
  // The stack starts with the message, which can contain lines that look like calls.
  const start = stack.indexOf(message);
  const calls = start < 0 ? '' : stack.slice(start + message.length);
  const frames = calls.split('\n').filter((line) => /^ {4}at /.test(line));
  const safe = new Error(toLogLine(message));
  safe.name = toLogLine(name);
  safe.stack = [`${safe.name}: ${safe.message}`, ...frames.map(toLogLine)].join('\n');
  return safe;
}
