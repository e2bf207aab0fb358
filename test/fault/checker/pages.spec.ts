import { emptyLog, type PageRecord } from '../log.js';
import { check } from './check.js';

const page = (ids: readonly string[], more: Partial<PageRecord> = {}): PageRecord => ({
  ...{ kind: 'page', at: 20, client: 'one', channel: 'c', askedAt: 10, more: false },
  events: ids.map((id) => ({ id, key: `key ${id}` })),
  ...more,
});

function found(record: PageRecord): string[] {
  const log = emptyLog();
  const acknowledged = { channel: 'c', publisher: 'a', startedAt: 1, settledAt: 2, outcome: 'acknowledged' } as const;
  for (const sequence of [1, 2, 3]) {
    log.emits.push({ ...acknowledged, sequence, key: `key e-${sequence}`, id: `e-${sequence}` });
  }
  log.seen.push(record);
  return check(log, { redisMayLose: false }).violations.map(({ class: kind }) => kind);
}

describe('the check of pages', () => {
  it.each([
    ['the last events', page(['e-2', 'e-3'])],
    ['events before an id', page(['e-1'], { before: 'e-2' })],
    ['no events', page([], { reason: 'unknown_epoch' })],
    ['an event that was acknowledged after the request', page(['e-1', 'e-2'], { askedAt: 1 })],
  ])('accepts %s', (_what, record) => expect(found(record)).toEqual([]));

  it.each([
    ['a gap', page(['e-1', 'e-3'])],
    ['another order', page(['e-3', 'e-2'])],
    ['two epochs', page(['d-2', 'e-3'])],
    ['an event too few before the id', page(['e-1'], { before: 'e-3' })],
    ['the id itself', page(['e-2', 'e-3'], { before: 'e-3' })],
    ['a missing last event', page(['e-1', 'e-2'])],
  ])('finds %s', (_what, record) => expect(found(record)).toContain('page'));

  it('finds another event at a known id', () => {
    expect(found(page([], { events: [{ id: 'e-3', key: 'key e-1' }] }))).toContain('mismatch');
  });
});
