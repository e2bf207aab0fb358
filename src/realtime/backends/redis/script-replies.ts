import type { Outcome } from './publish-queue.js';

/** Temporary error replies without any effect: the event is sent again until its deadline. */
const RETRYABLE =
  /^(?:READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|NOSCRIPT|NOREPLICAS|BUSY|OOM|MISCONF|NOAUTH|WRONGPASS)\b/;

/** The temporary errors that only a new connection can resolve. */
const NEEDS_RECONNECT = /^(?:READONLY|LOADING|MASTERDOWN|NOSCRIPT|NOAUTH|WRONGPASS)\b/;

/** An error inside a script: earlier writes of the script remain. */
const INSIDE_SCRIPT = /[,.] ?script: |@user_script|user executing the script/;

const DOUBT = ' (it is unknown whether the event was published)';

/** The Cluster client wraps the error reply of a node. */
const WRAPPED = /^Too many Cluster redirections\. Last error: (\w*Error): (.*)$/s;

const EXPIRED: Outcome = {
  kind: 'refused',
  reason: 'Not published in time: Redis was not reached before the deadline',
  mayBePublished: false,
};
const UNKNOWN: Outcome = {
  kind: 'refused',
  reason: 'The connection to Redis was lost for too long: it is unknown whether the event was published',
  mayBePublished: true,
};

/** Position of an earlier event with the same idempotency key. */
const EARLIER_POSITION = /^([0-9A-Za-z]{1,64}) (\d{1,15})$/;

/** Parses the reply for events of a channel with history. Returns the outcome of each event. */
export function outcomesOfReply(reply: readonly string[], count: number): Outcome[] {
  const [epoch, first, ...exceptions] = reply as [string, string, ...string[]];
  const answers = new Map<number, string>();
  for (let at = 0; at < exceptions.length; at += 2) answers.set(Number(exceptions[at]), exceptions[at + 1]!);
  let offset = Number(first);
  return Array.from({ length: count }, (_, index): Outcome => {
    const answer = answers.get(index);
    if (answer === 'late') return EXPIRED;
    if (answer === 'unsure') return UNKNOWN;
    if (answer !== undefined) {
      // The reply has no position if the channel had no history at that time.
      const [, earlierEpoch, earlierOffset] = EARLIER_POSITION.exec(answer) ?? [];
      if (earlierEpoch === undefined) return { kind: 'published', position: null };
      return { kind: 'published', position: { epoch: earlierEpoch, offset: Number(earlierOffset) } };
    }
    const position = { epoch, offset };
    offset += 1;
    return { kind: 'published', position };
  });
}

/**
 * Parses the reply for events of a channel without history.
 * @param late the indexes of expired events
 */
export function outcomesWithoutHistory(late: readonly string[], count: number): Outcome[] {
  const tooLate = new Set(late.map(Number));
  return Array.from({ length: count }, (_, index): Outcome =>
    tooLate.has(index) ? EXPIRED : { kind: 'published', position: null },
  );
}

/** Returns the outcome of events whose script failed or got no reply. */
export function outcomeOfError(error: Error, isCluster = false): Outcome {
  const { name, message } = unwrapped(error);
  if (name !== 'ReplyError') return { kind: 'again', reason: message, mayBePublished: true, pause: 'all' };
  if (RETRYABLE.test(message)) {
    const all = NEEDS_RECONNECT.test(message) || (!isCluster && /^MOVED\b/.test(message));
    return { kind: 'again', reason: message, mayBePublished: false, pause: all ? 'all' : 'channel' };
  }
  const mayBePublished = INSIDE_SCRIPT.test(message);
  return {
    kind: 'refused',
    reason: `Redis refused the event: ${message}${mayBePublished ? DOUBT : ''}`,
    mayBePublished,
  };
}

/** Adjusts the outcome for an event whose earlier attempt got no reply: a refusal now says nothing about that attempt. */
export function afterLostAnswer(outcome: Outcome): Outcome {
  if (outcome.kind !== 'refused' || outcome.mayBePublished) return outcome;
  return { ...outcome, reason: `${outcome.reason}${DOUBT}`, mayBePublished: true };
}

/** Returns true if only a new connection can reach the server that accepts writes now. */
export function needsReconnect(error: Error): boolean {
  return /^(?:MOVED|READONLY)\b/.test(unwrapped(error).message);
}

/** Returns true if another node of the Cluster owns the slot now, or if no node does. */
export function hasMovedSlot(error: Error): boolean {
  return /^(?:MOVED|CLUSTERDOWN)\b/.test(unwrapped(error).message);
}

/** Returns true for the error reply to a command on a key that holds a value of another type. */
export function isWrongType(error: unknown): boolean {
  return error instanceof Error && unwrapped(error).message.includes('WRONGTYPE');
}

function unwrapped({ name, message }: Error): { readonly name: string; readonly message: string } {
  const wrapped = WRAPPED.exec(message);
  return wrapped === null ? { name, message } : { name: wrapped[1]!, message: wrapped[2]! };
}
