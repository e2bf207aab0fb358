import type { QuestionKind } from '../cluster/cluster-bus.js';
import { boolean, record, string } from '../schemas/schema.js';

/** A request to cancel the stream of a topic. */
export interface CancelRequest {
  readonly topic: string;
}

/** A request to the instance that writes a stream. The answer is false if it does not write it any more. */
export function cancelAt(owner: string): QuestionKind<CancelRequest, boolean> {
  return {
    topic: `$cancel-${owner}`,
    message: record<CancelRequest>({ topic: string({ max: 1_000 }) }),
    answerTo: () => boolean,
  };
}
