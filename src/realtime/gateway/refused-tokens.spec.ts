import { RefusedTokens } from './refused-tokens.js';

describe('RefusedTokens', () => {
  const refuse = (tokens: RefusedTokens, times: number, from: number, everyMs: number, key = 'token'): boolean[] =>
    Array.from({ length: times }, (_, index) => tokens.isRepeated('203.0.113.7', key, from + index * everyMs));

  it('reports the tenth refusal within a minute, and each further one', () => {
    expect(refuse(new RefusedTokens(), 12, 0, 1_000)).toEqual([...Array(9).fill(false), true, true, true]);
  });

  it('reports nothing if refusals are further apart', () => {
    expect(refuse(new RefusedTokens(), 30, 0, 7_000)).toEqual(Array(30).fill(false));
  });

  it('starts again after a quiet minute', () => {
    const tokens = new RefusedTokens();
    refuse(tokens, 20, 0, 100);
    expect(refuse(tokens, 10, 70_000, 100)).toEqual([...Array(9).fill(false), true]);
  });

  it('counts each token and each address separately', () => {
    const tokens = new RefusedTokens();
    refuse(tokens, 9, 0, 10);
    expect(tokens.isRepeated('203.0.113.7', 'another', 100)).toBe(false);
    expect(tokens.isRepeated('203.0.113.8', 'token', 100)).toBe(false);
    expect(tokens.isRepeated('203.0.113.7', 'token', 100)).toBe(true);
  });

  it('remembers a limited number, and forgets the token that was refused longest ago first', () => {
    const tokens = new RefusedTokens(100);
    refuse(tokens, 9, 0, 1);
    for (let index = 0; index < 1_000; index += 1) {
      tokens.isRepeated('198.51.100.1', String(index), 10 + index);
      if (index % 50 === 0) expect(tokens.isRepeated('203.0.113.7', 'token', 10 + index)).toBe(true);
    }
    expect(tokens.size).toBe(100);
  });
});
