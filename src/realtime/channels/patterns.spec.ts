import * as fc from 'fast-check';
import { matchPattern } from '../../protocol/index.js';
import { covers, expressionOf, isPattern, overlap, parametersOf, patternProblem } from './patterns.js';

const word = fc.constantFrom('a', 'b', 'c');
const middle = fc.oneof(word, fc.constantFrom('{x}', '{y}'));
const pattern = fc
  .tuple(word, fc.array(middle, { maxLength: 3 }), fc.boolean())
  .map(([group, rest, open]) => [group, ...rest, ...(open ? ['*'] : [])].join(':'));
const NAMES = names(5);

function names(longest: number): string[] {
  let level = [''];
  const all: string[] = [];
  for (let length = 1; length <= longest; length += 1) {
    level = level.flatMap((start) => ['a', 'b', 'c'].map((end) => (start === '' ? end : `${start}:${end}`)));
    all.push(...level);
  }
  return all;
}

describe('patterns', () => {
  it('have an expression that accepts exactly the names that match', () => {
    fc.assert(
      fc.property(pattern, (one) => {
        const accepts = expressionOf(one);
        for (const name of NAMES) expect(accepts.test(name)).toBe(matchPattern(one, name) !== null);
      }),
    );
    expect(expressionOf('a.b:{x}').test('aXb:c')).toBe(false);
  });

  it('overlap exactly if some name matches both', () => {
    fc.assert(
      fc.property(pattern, pattern, (one, other) => {
        const both = NAMES.some((name) => matchPattern(one, name) !== null && matchPattern(other, name) !== null);
        expect(overlap(one, other)).toBe(both);
        expect(overlap(other, one)).toBe(both);
      }),
    );
  });

  it('cover another pattern exactly if they match every name that it matches', () => {
    fc.assert(
      fc.property(pattern, pattern, (outer, inner) => {
        const every = NAMES.every((name) => matchPattern(inner, name) === null || matchPattern(outer, name) !== null);
        expect(covers(outer, inner)).toBe(every);
      }),
    );
  });

  it.each([
    ['projects:{projectId}:updated', false, null],
    ['projects:{projectId}:*', true, null],
    ['projects:{projectId}:*', false, 'must not end in *'],
    ['{any}:updated', true, 'must begin with a group'],
    ['*', true, 'must begin with a group'],
    ['projects:*:updated', true, 'each of A-Z'],
    ['projects:{}', true, 'each of A-Z'],
    ['projects:x{id}', true, 'each of A-Z'],
    ['projects:{a-b}', true, 'each of A-Z'],
    ['projects::x', true, 'each of A-Z'],
    ['projects:{id}:{id}', true, 'must not name a parameter twice'],
    [`projects:${'x'.repeat(200)}`, true, 'at most 200 bytes'],
  ])('%s (open: %s): %s', (text, mayBeOpen, problem) => {
    const found = patternProblem(text, mayBeOpen);
    if (problem === null) expect(found).toBeNull();
    else expect(found).toContain(problem);
  });

  it('are distinguished from names, and contain parameters', () => {
    expect([isPattern('a:{x}'), isPattern('a:*'), isPattern('a:b')]).toEqual([true, true, false]);
    expect(parametersOf('a:{x}:b:{y}:*')).toEqual(['x', 'y']);
  });
});
