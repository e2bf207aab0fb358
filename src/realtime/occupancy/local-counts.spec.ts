import { LocalCounts } from './local-counts.js';
import { NOT_COUNTED } from './occupancy-store.js';

const CLAIM = { state: 'held', sequence: 1, owner: 'here' } as const;

describe('the counts of this instance', () => {
  let counts: LocalCounts;
  beforeEach(() => {
    counts = new LocalCounts((key) => ({ exact: key.startsWith('exact'), announced: true }));
  });
  const changes = (withNumbers = true): object => Object.fromEntries(counts.takeChanges(withNumbers));

  it('stores numbers of exact keys, and only the existence of others', () => {
    for (const key of ['exact', 'exact', 'other', 'other']) counts.add(key);
    expect(changes()).toEqual({ exact: 2, other: 1 });
    expect(changes()).toEqual({});
    counts.add('exact');
    counts.add('other');
    expect(changes(false)).toEqual({});
    expect(changes()).toEqual({ exact: 3 });
  });

  it('keeps a key at 0 during its grace period', () => {
    counts.add('exact');
    changes();
    counts.remove('exact', 100);
    expect([changes(), counts.exists('exact')]).toEqual([{ exact: 0 }, true]);
    expect(counts.expire(99)).toEqual([]);
    expect(counts.expire(100)).toEqual(['exact']);
    expect([changes(), counts.exists('exact'), counts.size]).toEqual([{ exact: null }, false, 0]);
  });

  it('ends the grace period of a key that is back, and counts a later one from its own end', () => {
    counts.add('exact');
    counts.add('other');
    counts.remove('exact', 100);
    counts.remove('other', 110);
    expect(counts.add('exact')).toBe(false);
    counts.remove('exact', 300);
    expect(counts.expire(200)).toEqual(['other']);
    expect(counts.expire(300)).toEqual(['exact']);
  });

  it('stores nothing for a key that came and went between two writes', () => {
    counts.add('exact');
    counts.remove('exact', null);
    expect([changes(), counts.size]).toEqual([{}, 0]);
  });

  it('stores a key that it owns or announces, although it has no connection', () => {
    counts.own('exact', CLAIM);
    counts.setBusy('other', true);
    expect(changes()).toEqual({ exact: NOT_COUNTED, other: NOT_COUNTED });
    expect(counts.owned()).toEqual([['exact', CLAIM]]);
    counts.own('exact', null);
    counts.setBusy('other', false);
    expect([changes(), counts.size]).toEqual([{ exact: null, other: null }, 0]);
  });

  it('stores values again that may be lost, including removals', () => {
    counts.add('exact');
    counts.add('other');
    expect(counts.storedSize).toBe(0);
    changes();
    expect(counts.storedSize).toBe(2);
    counts.remove('other', null);
    const lost = counts.takeChanges(true);
    counts.markUnknown(lost.keys());
    expect(changes()).toEqual({ other: null });
    counts.markUnknown();
    expect(changes()).toEqual({ exact: 1 });
  });

  it('ignores the end of a connection that it does not count', () => {
    counts.remove('exact', 100);
    expect([changes(), counts.size]).toEqual([{}, 0]);
  });
});
