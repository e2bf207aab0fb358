import { formatPosition } from '../../../src/protocol/position.js';
import type { EmitRecord, PageRecord, RunLog } from '../log.js';
import { positionOf } from './ledger.js';
import type { Violation } from './violations.js';

/** Checks every page of a history that a client received: it is consecutive, ends where it was asked to, and misses no event. */
export function pageViolations({ emits, seen }: RunLog): Violation[] {
  const pages = seen.filter((record) => record.kind === 'page');
  return pages.flatMap((page) => problemsOf(page, emits).map((detail) => violationOf(page, detail)));
}

function problemsOf(page: PageRecord, emits: readonly EmitRecord[]): string[] {
  const positions = page.events.map(({ id }) => positionOf(id));
  const problems: string[] = [];
  for (const [index, { epoch, offset }] of positions.entries()) {
    const previous = positions[index - 1];
    if (previous !== undefined && (epoch !== previous.epoch || offset !== previous.offset + 1)) {
      problems.push(`${epoch}-${offset} follows ${formatPosition(previous)}`);
    }
  }
  const last = positions.at(-1);
  if (last === undefined) return problems;
  if (page.before !== undefined) {
    const { offset } = positionOf(page.before);
    if (last.offset !== offset - 1) problems.push(`ends with ${formatPosition(last)}, not before ${page.before}`);
    return problems;
  }
  // Without `before` it ends with the last event: later than every event that was acknowledged before the request.
  const missed = emits.find(({ channel, id, settledAt }) => {
    if (channel !== page.channel || id === undefined || settledAt >= page.askedAt) return false;
    const { epoch, offset } = positionOf(id);
    return epoch === last.epoch && offset > last.offset;
  });
  if (missed !== undefined)
    problems.push(`ends with ${formatPosition(last)}, but ${missed.id} was acknowledged before`);
  return problems;
}

function violationOf({ channel, client, at }: PageRecord, detail: string): Violation {
  return { class: 'page', channel, client, detail, at };
}
