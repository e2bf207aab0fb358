import { inspect } from 'node:util';

/** Maximum length of a log line, in characters. */
const MAX_LINE = 4_000;

/**
 * Characters that end a line, control a terminal, or change the order of text: C0 and C1 controls, line and paragraph
 * separators, direction marks, zero-width characters, lone surrogates.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Options for `inspect`: one line, with strings truncated like lines. */
const ONE_LINE = { breakLength: Infinity, compact: true, maxStringLength: MAX_LINE };

/** Escapes a string for one log line: untrusted text can neither start another line nor control a terminal. */
export function toLogLine(text: string): string {
  const short = text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}…` : text;
  return short.replace(UNSAFE, (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`);
}

/**
 * Makes an error safe for the log: the message is one line, and only calls follow on further lines. Any other value
 * becomes one line; `undefined` and `null` are returned unchanged.
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
