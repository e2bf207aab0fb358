import type { Outcome } from './publish-queue.js';

/** Answers that say «not now»: the event is tried again until its deadline. All others refuse it. */
const NOT_NOW =
  /READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK |NOSCRIPT|NOREPLICAS|BUSY |OOM |MISCONF|NOAUTH|WRONGPASS/;

/** Answers of a server that is not the one to ask any more. */
const MOVED_AWAY = /MOVED|READONLY/;

const TOO_LATE: Outcome = {
  kind: 'refused',
  why: 'Not published in time: Redis was not reached before the deadline',
};

/** What became of an event, by the answer of its script. */
export function outcomeOfReply(reply: readonly string[], hasHistory: boolean): Outcome {
  const [first, offset] = reply as [string, string?];
  if (first === 'late') return TOO_LATE;
  if (first === 'unsure') {
    return {
      kind: 'refused',
      why: 'The connection to Redis was lost for so long that it is not known whether the event was published',
    };
  }
  return { kind: 'published', position: hasHistory ? { epoch: first, offset: Number(offset) } : null };
}

/** What became of each of so many events that went out together. */
export function outcomesOfReply(reply: readonly string[], count: number): Outcome[] {
  const [epoch, first, ...late] = reply as [string, string, ...string[]];
  const tooLate = new Set(late.map(Number));
  let offset = Number(first);
  return Array.from({ length: count }, (_, index) => {
    if (tooLate.has(index)) return TOO_LATE;
    const position = { epoch, offset };
    offset += 1;
    return { kind: 'published', position };
  });
}

/** What became of an event whose script had no answer, or a bad one: an error that Redis answers stands before any effect. */
export function outcomeOfError({ name, message }: Error): Outcome {
  const answered = name === 'ReplyError';
  if (answered && !NOT_NOW.test(message)) return { kind: 'refused', why: `Redis refused the event: ${message}` };
  return { kind: 'again', why: message, mayBePublished: !answered };
}

/** Whether only a fresh connection knows which server is the right one now. */
export function hasMovedAway({ message }: Error): boolean {
  return MOVED_AWAY.test(message);
}
