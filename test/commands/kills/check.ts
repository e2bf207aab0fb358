/** An outcome that a caller received. */
export interface Answer {
  readonly callId: string;
  /** `result`, or the code of the error. */
  readonly outcome: string;
  /** Position that the handler returned. */
  readonly position?: string;
  /** Positions of the effects. */
  readonly effects: readonly string[];
}

/** An event of a handler, as a subscriber received it, or as it is in the history. */
export interface Added {
  readonly callId: string;
  readonly position: string;
}

/** Everything that happened in a run. */
export interface CallLog {
  /** Calls that were sent, in any number of frames. */
  readonly sent: readonly string[];
  /** Calls whose handler started, one entry for each start. */
  readonly ran: readonly string[];
  /** Final outcomes, one entry for each frame that brought one. */
  readonly answers: readonly Answer[];
  readonly events: readonly Added[];
  /** Times an instance was killed: `interrupted` is allowed only then. */
  readonly kills: number;
}

export interface CallViolation {
  readonly class:
    | 'ran-twice'
    | 'no-outcome'
    | 'two-outcomes'
    | 'result-without-run'
    | 'wrong-effect'
    | 'event-twice'
    | 'interrupted-without-kill'
    | 'unexpected-outcome';
  readonly text: string;
}

/** Checks the promises of calls, from what callers, handlers and a subscriber saw alone. */
export function checkCalls({ sent, ran, answers, events, kills }: CallLog): CallViolation[] {
  const violations: CallViolation[] = [];
  const add = (kind: CallViolation['class'], text: string): void => void violations.push({ class: kind, text });
  const runs = new Map<string, number>();
  for (const id of ran) runs.set(id, (runs.get(id) ?? 0) + 1);
  const positions = new Map<string, string[]>();
  for (const { callId, position } of events) positions.set(callId, [...(positions.get(callId) ?? []), position]);
  const byCall = new Map<string, Answer[]>();
  for (const answer of answers) byCall.set(answer.callId, [...(byCall.get(answer.callId) ?? []), answer]);
  for (const [id, count] of runs) if (count > 1) add('ran-twice', `${id} ran ${count} times`);
  for (const [id, seen] of positions) if (seen.length > 1) add('event-twice', `${id} emitted ${seen.join(', ')}`);
  for (const id of sent) {
    const own = byCall.get(id) ?? [];
    const [first] = own;
    if (first === undefined) {
      add('no-outcome', id);
      continue;
    }
    const kinds = new Set(own.map(({ outcome, position }) => `${outcome} ${position ?? ''}`));
    if (kinds.size > 1) add('two-outcomes', `${id}: ${[...kinds].join(', ')}`);
    if (first.outcome === 'interrupted') {
      if (kills === 0) add('interrupted-without-kill', id);
      continue;
    }
    if (first.outcome !== 'result') {
      add('unexpected-outcome', `${id}: ${first.outcome}`);
      continue;
    }
    if (!runs.has(id)) add('result-without-run', id);
    const effect = first.effects.join(' ');
    const seen = positions.get(id)?.[0];
    if (effect !== first.position || (seen !== undefined && seen !== effect)) {
      add('wrong-effect', `${id}: emitted ${first.position}, effects ${effect}, event ${seen}`);
    }
  }
  return violations;
}
