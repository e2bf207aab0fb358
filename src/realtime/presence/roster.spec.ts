import type { MemberData } from './member-data.js';
import { MAX_LIST_BYTES, MAX_LISTED, Roster } from './roster.js';

const stateOf = (json: string, at = 1): MemberData => ({ info: null, state: { json, at } });

function present(members: Record<string, number>, anonymous = 0) {
  return { members: new Map(Object.entries(members)), anonymous, own: new Map<string, number>() };
}

describe('Roster', () => {
  it('reports joins and leaves, but not changed numbers of connections', () => {
    const roster = new Roster();
    expect(roster.update(present({ u1: 1, u2: 2 }), true)).toEqual({
      joined: [
        { userId: 'u1', connections: 1 },
        { userId: 'u2', connections: 2 },
      ],
      left: [],
    });
    expect(roster.update(present({ u1: 3, u3: 1 }), true)).toEqual({
      joined: [{ userId: 'u3', connections: 1 }],
      left: [{ userId: 'u2', connections: 0 }],
    });
    expect(roster.list()).toEqual([
      { userId: 'u1', connections: 3 },
      { userId: 'u3', connections: 1 },
    ]);
  });

  it('counts anonymous connections without listing them', () => {
    const roster = new Roster();
    expect(roster.update(present({ u1: 1 }, 2), true).joined).toHaveLength(1);
    expect(roster.count).toBe(3);
    expect(roster.list()).toEqual([{ userId: 'u1', connections: 1 }]);
  });

  it('keeps missing members while their absence proves nothing', () => {
    const roster = new Roster();
    roster.update(present({ u1: 1, u2: 1 }), true);
    expect(roster.update(present({ u3: 1 }), false)).toEqual({ joined: [{ userId: 'u3', connections: 1 }], left: [] });
    expect(roster.count).toBe(3);
    expect(roster.update(present({ u3: 1, u1: 1 }), true).left).toEqual([{ userId: 'u2', connections: 0 }]);
  });

  it('lists members up to the frame limit, and counts all', () => {
    const roster = new Roster();
    const many = Object.fromEntries(Array.from({ length: MAX_LISTED + 5 }, (_, index) => [`u${index}`, 1]));
    roster.update(present(many), true);
    expect(roster.list()).toHaveLength(MAX_LISTED);
    expect(roster.count).toBe(MAX_LISTED + 5);
    // The longest user id gives a channel name of 200 bytes.
    const longest = JSON.stringify({ userId: 'x'.repeat(195), connections: 1_000 }).length;
    expect(MAX_LISTED * longest).toBeLessThan(1_048_576);
  });

  describe('with info and state', () => {
    const withData = (members: Record<string, number>, data: Record<string, MemberData>) => ({
      ...present(members),
      data: new Map(Object.entries(data)),
    });
    const updates = (roster: Roster, maxBytes = 1_000_000) => roster.takeUpdates(maxBytes).map(({ userId }) => userId);

    it('reports changed data of known members, once', () => {
      const roster = new Roster();
      const first = roster.update(withData({ u1: 1, u2: 1 }, { u1: stateOf('1') }), true);
      expect(first.joined[0]).toEqual({ userId: 'u1', connections: 1, data: stateOf('1') });
      expect(updates(roster)).toEqual([]);
      roster.update(withData({ u1: 1, u2: 1 }, { u1: stateOf('1', 9), u2: stateOf('2') }), true);
      expect(updates(roster)).toEqual(['u2']);
      expect(updates(roster)).toEqual([]);
      roster.update(withData({ u1: 1, u2: 1 }, { u2: stateOf('2') }), true);
      expect(roster.takeUpdates(1_000)).toEqual([{ userId: 'u1', connections: 1 }]);
      expect(roster.list()).toEqual([
        { userId: 'u1', connections: 1 },
        { userId: 'u2', connections: 1, state: 2 },
      ]);
      expect([roster.stateAt('u1'), roster.stateAt('u2')]).toEqual([-Infinity, 1]);
    });

    it('keeps the data of missing members while their absence proves nothing', () => {
      const roster = new Roster();
      roster.update(withData({ u1: 1 }, { u1: stateOf('1') }), true);
      roster.update(present({}), false);
      expect(roster.list()).toEqual([{ userId: 'u1', connections: 1, state: 1 }]);
      expect(updates(roster)).toEqual([]);
    });

    it('lets the changes that exceed a size wait, the longest waiting first, and sends only their last state', () => {
      const roster = new Roster();
      const members = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`u${index}`, 1]));
      const states = (json: string) => Object.fromEntries(Object.keys(members).map((id) => [id, stateOf(json)]));
      roster.update(withData(members, {}), true);
      roster.update(withData(members, states('1')), true);
      const size = '{"userId":"u0","connections":1,"state":1},'.length;
      expect(updates(roster, 3 * size)).toEqual(['u0', 'u1', 'u2']);
      roster.update(withData(members, states('2')), true);
      expect(roster.hasUpdates).toBe(true);
      const next = roster.takeUpdates(7 * size);
      expect(next.map(({ userId }) => userId)).toEqual(['u3', 'u4', 'u5', 'u6', 'u7', 'u8', 'u9']);
      expect(next.every(({ data }) => data?.state?.json === '2')).toBe(true);
      expect(updates(roster)).toEqual(['u0', 'u1', 'u2']);
    });

    it('lists members up to a size, and counts all', () => {
      const roster = new Roster();
      const ids = Array.from({ length: 1_000 }, (_, index) => `u${index}`);
      const data = Object.fromEntries(ids.map((id) => [id, stateOf(JSON.stringify('x'.repeat(1_000)))]));
      roster.update(withData(Object.fromEntries(ids.map((id) => [id, 1])), data), true);
      expect(roster.list().length).toBeGreaterThan(400);
      expect(roster.texts().join(',').length).toBeLessThanOrEqual(MAX_LIST_BYTES);
      expect(roster.count).toBe(1_000);
    });
  });
});
