import type { FieldProblem } from '../../protocol/index.js';

/** Maximum number of events in one call. */
export const MAX_BATCH = 1_000;

/** Maximum number of problems in one answer, which keeps the answer small. */
export const MAX_PROBLEMS = 20;
/** Maximum length of a field name in an answer, in characters. */
const MAX_FIELD_LENGTH = 100;

/** One event of the body. `field` is the prefix of its field names: `""` for a single event, or `[2].` in a list. */
export interface EventToPublish {
  readonly channel: string;
  readonly data: unknown;
  readonly options: { readonly idempotencyKey?: string; readonly tenant?: string };
  readonly field: string;
}

const FIELDS = ['channel', 'data', 'idempotencyKey', 'tenant'];

/**
 * Reads the body of `POST /realtime/events`. Returns the well-formed events, and at most {@link MAX_PROBLEMS} problems of
 * the others.
 */
export function readPublishBody(body: unknown): { events: EventToPublish[]; problems: FieldProblem[] } {
  const events: EventToPublish[] = [];
  const problems: FieldProblem[] = [];
  if (Array.isArray(body) && (body.length === 0 || body.length > MAX_BATCH)) {
    problems.push({ field: '', message: `must hold 1 to ${MAX_BATCH} events` });
    return { events, problems };
  }
  const entries: unknown[] = Array.isArray(body) ? body : [body];
  for (const [index, entry] of entries.entries()) {
    if (problems.length >= MAX_PROBLEMS) break;
    const field = Array.isArray(body) ? `[${index}].` : '';
    const before = problems.length;
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
      problems.push({
        field: field.slice(0, -1),
        message: 'must be an object { channel, data, idempotencyKey?, tenant? }',
      });
      continue;
    }
    const { channel, data, idempotencyKey, tenant } = entry as Record<string, unknown>;
    const unknown = Object.keys(entry).filter((name) => !FIELDS.includes(name));
    for (const name of unknown.slice(0, MAX_PROBLEMS)) {
      const message = `is unknown: use ${FIELDS.join(', ')}`;
      problems.push({ field: field + name.slice(0, MAX_FIELD_LENGTH), message });
    }
    if (typeof channel !== 'string') problems.push({ field: `${field}channel`, message: 'must be a string' });
    if (data === undefined) problems.push({ field: `${field}data`, message: 'must be given' });
    if (idempotencyKey !== undefined && typeof idempotencyKey !== 'string') {
      problems.push({ field: `${field}idempotencyKey`, message: 'must be a string' });
    }
    if (tenant !== undefined && typeof tenant !== 'string') {
      problems.push({ field: `${field}tenant`, message: 'must be a string' });
    }
    if (problems.length > before) continue;
    const options = {
      ...(idempotencyKey !== undefined && { idempotencyKey: idempotencyKey as string }),
      ...(tenant !== undefined && { tenant: tenant as string }),
    };
    events.push({ channel: channel as string, data, options, field });
  }
  return { events, problems: problems.slice(0, MAX_PROBLEMS) };
}
