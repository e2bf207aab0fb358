import { toLogLine } from './log-text.js';

/** Values that need no quotes in a log line. */
const PLAIN = /^[\w.:@/*+-]+$/;
/** Maximum length of a value, in characters: user ids come from tokens and can be long. */
const MAX_LENGTH = 200;

/**
 * Formats fields for the end of a log line: ` code=token_expired user=u1`. Values with special characters are quoted as
 * JSON, so that a client cannot inject log lines. `null` and `undefined` are omitted.
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
