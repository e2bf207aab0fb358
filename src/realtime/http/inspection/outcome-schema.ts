import { BUCKETS, type DurationCount } from '../../observability/duration-buckets.js';
import { integer, list, record, string } from '../../schemas/schema.js';

/** Upper bound for the outcomes of an operation: error codes. */
const MAX_OUTCOMES = 100;
const count = integer();

export const labelCountsSchema = list(
  record<{ label: string; count: number }>({ label: string({ max: 64 }), count }),
  MAX_OUTCOMES,
);

/** Fields of an `OutcomeReport`. */
export const outcomeFields = {
  outcomes: labelCountsSchema,
  recentMs: count,
  recent: list(record<DurationCount>({ bucket: count, count }), BUCKETS),
};
