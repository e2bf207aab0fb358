import { MAX_LISTED, Roster } from './roster.js';

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
});
