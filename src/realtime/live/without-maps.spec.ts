import { withoutMaps } from './without-maps.js';

class Board {
  readonly name = 'shop';
  constructor(readonly cards: unknown) {}
}

describe('a state without maps', () => {
  it('has an object for each map, at any depth', () => {
    const cards = new Map([['7', { tags: [new Map([['a', 1]])] }]]);
    expect(withoutMaps(new Board(cards))).toEqual({ name: 'shop', cards: { 7: { tags: [{ a: 1 }] } } });
    expect(withoutMaps(new Map<unknown, unknown>([[8, null]]))).toEqual({ 8: null });
  });

  it('is the same object if it has no map', () => {
    const board = new Board({ 7: { tags: ['a'], at: new Date() } });
    expect(withoutMaps(board)).toBe(board);
    expect([null, undefined, 1, 'a'].map(withoutMaps)).toEqual([null, undefined, 1, 'a']);
  });

  it('keeps names that objects give a meaning', () => {
    const state = withoutMaps(new Map([['__proto__', { isAdmin: true }]])) as { isAdmin?: boolean };
    expect(JSON.stringify(state)).toBe('{"__proto__":{"isAdmin":true}}');
    expect(state.isAdmin).toBeUndefined();
  });

  it('leaves objects with toJSON, and circles, to the check of the JSON', () => {
    const date = { toJSON: () => 'today', map: new Map([['a', 1]]) };
    expect(withoutMaps(date)).toBe(date);
    const circle: { self?: unknown; other?: unknown; map: unknown } = { map: new Map() };
    circle.self = circle;
    circle.other = circle;
    expect(withoutMaps(circle)).toEqual({ self: circle, other: circle, map: {} });
  });
});
