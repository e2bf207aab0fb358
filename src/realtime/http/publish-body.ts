import type { FieldProblem } from '../../protocol/index.js';
import type { EmitOptions } from '../publishing/emit-options.js';

/** Maximum number of events in one call. An event for several channels counts once per channel. */
export const MAX_BATCH = 1_000;

/** Maximum number of problems in one answer, which keeps the answer small. */
export const MAX_PROBLEMS = 20;
/** Maximum length of a field name in an answer, in characters. */
const MAX_FIELD_LENGTH = 100;

/** One event of the body, for one channel. */
export interface EventToPublish {
  readonly channel: string;
  readonly data: unknown;
  readonly options: Pick<EmitOptions, 'idempotencyKey' | 'tenant' | 'except' | 'conflate'>;
  /** Name of its channel in the body: `channel`, `[2].channel` or `[2].channels[0]`. */
  readonly field: string;
}

const OPTIONS = ['idempotencyKey', 'tenant', 'except', 'conflate'] as const;
const FIELDS: readonly string[] = ['channel', 'channels', 'data', ...OPTIONS];

/** Returns true if the body is answered by a list of results. */
export function isListOfEvents(body: unknown): boolean {
  return Array.isArray(body) || (isEntry(body) && body['channels'] !== undefined);
}

/**
 * Reads the body of `POST /realtime/events`. Returns the well-formed events, one per channel, and at most {@link MAX_PROBLEMS}
 * problems of the others.
 */
export function readPublishBody(body: unknown): { events: EventToPublish[]; problems: FieldProblem[] } {
  const entries: unknown[] = Array.isArray(body) ? body : [body];
  if (entries.length === 0 || countOf(entries) > MAX_BATCH) {
    return { events: [], problems: [{ field: '', message: `must hold 1 to ${MAX_BATCH} events` }] };
  }
  const events: EventToPublish[] = [];
  const problems: FieldProblem[] = [];
  for (const [index, entry] of entries.entries()) {
    if (problems.length >= MAX_PROBLEMS) break;
    const found: FieldProblem[] = [];
    const read = readEntry(entry, Array.isArray(body) ? `[${index}].` : '', found);
    if (found.length === 0) events.push(...read);
    else problems.push(...found);
  }
  return { events, problems: problems.slice(0, MAX_PROBLEMS) };
}

/** Returns the field of the body to which a problem of an event belongs. */
export function fieldOf({ field }: EventToPublish, problemField: string): string {
  if (problemField === 'channel') return field;
  return field.endsWith('channel') ? field.slice(0, -'channel'.length) + problemField : `${field}.${problemField}`;
}

function countOf(entries: readonly unknown[]): number {
  return entries.reduce<number>((sum, entry) => {
    const channels = isEntry(entry) ? entry['channels'] : undefined;
    return sum + (Array.isArray(channels) ? channels.length : 1);
  }, 0);
}

function readEntry(entry: unknown, prefix: string, problems: FieldProblem[]): EventToPublish[] {
  if (!isEntry(entry)) {
    const message = 'must be an object { channel, data, idempotencyKey?, tenant?, except?, conflate? }';
    problems.push({ field: prefix.slice(0, -1), message });
    return [];
  }
  const unknown = Object.keys(entry).filter((name) => !FIELDS.includes(name));
  for (const name of unknown.slice(0, MAX_PROBLEMS)) {
    const message = `is unknown: use ${FIELDS.join(', ')}`;
    problems.push({ field: prefix + name.slice(0, MAX_FIELD_LENGTH), message });
  }
  const targets = readTargets(entry, prefix, problems);
  const { data } = entry;
  if (data === undefined) problems.push({ field: `${prefix}data`, message: 'must be given' });
  for (const name of OPTIONS) {
    const value = entry[name];
    if (value === undefined || typeof value === 'string') continue;
    problems.push({ field: prefix + name, message: 'must be a string' });
  }
  const options = Object.fromEntries(
    OPTIONS.flatMap((name) => (entry[name] === undefined ? [] : [[name, entry[name]]])),
  );
  return targets.map(([channel, field]) => ({ channel, data, options, field }));
}

/** Returns the channels of an entry, each with its field. A channel that is listed twice is returned once. */
function readTargets(
  { channel, channels }: Readonly<Record<string, unknown>>,
  prefix: string,
  problems: FieldProblem[],
): [channel: string, field: string][] {
  if (channels === undefined) {
    if (typeof channel === 'string') return [[channel, `${prefix}channel`]];
    problems.push({ field: `${prefix}channel`, message: 'must be a string' });
    return [];
  }
  if (channel !== undefined) {
    problems.push({ field: `${prefix}channels`, message: 'cannot be combined with channel: use one of them' });
  } else if (!Array.isArray(channels) || channels.length === 0 || !channels.every((one) => typeof one === 'string')) {
    problems.push({ field: `${prefix}channels`, message: 'must be a non-empty list of strings' });
  } else {
    const names: readonly string[] = channels;
    return [...new Set(names)].map((name) => [name, `${prefix}channels[${names.indexOf(name)}]`]);
  }
  return [];
}

function isEntry(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
