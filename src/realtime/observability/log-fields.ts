import { toLogLine } from './log-text.js';

/** What needs no quotes in a line of a log. */
const PLAIN = /^[\w.:@/*+-]+$/;
/** The longest value that is told whole, in characters: user ids come from tokens. */
const MAX_LENGTH = 200;

/**
 * Fields at the end of a line of the log: ` code=token_expired user=u1`. What is not plain is quoted as JSON, so that nobody
 * can write lines of his own; `null` and `undefined` are left out.
 */
export function fieldsOf(fields: Readonly<Record<string, string | number | null | undefined>>): string {
  return Object.entries(fields)
    .flatMap(([name, value]) => (value === null || value === undefined ? [] : [` ${name}=${quoted(String(value))}`]))
    .join('');
}

function quoted(value: string): string {
  const short = value.length > MAX_LENGTH ? `${value.slice(0, MAX_LENGTH)}…` : value;
  return PLAIN.test(short) ? short : toLogLine(JSON.stringify(short));
}
