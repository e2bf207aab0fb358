import { describeChange, describeMutation, mutated, mutationsOf } from './mutations.js';

const mutantsOf = (code: string): string[] => mutationsOf(code).map((mutation) => mutated(code, mutation));

describe('the mutations of a source file', () => {
  it.each([
    ['comparisons', 'x = a < b;', 'x = a <= b;'],
    ['equality', 'x = a === b;', 'x = a !== b;'],
    ['logic', 'x = a && b;', 'x = a || b;'],
    ['arithmetic', 'x = a + b;', 'x = a - b;'],
    ['negation', 'x = !a;', 'x = !!a;'],
    ['booleans', 'x = true;', 'x = false;'],
    ['small numbers', 'x = 10;', 'x = (10 + 1);'],
    ['large numbers', 'x = 1_000;', 'x = 10000;'],
  ])('change %s', (_what, code, mutant) => {
    expect(mutantsOf(code)).toEqual([';', mutant]);
  });

  it('remove conditions and calls', () => {
    expect(mutantsOf('if (a) close(b);')).toEqual(['if (false) close(b);', 'if (a) ;']);
  });

  it.each([
    ['types', 'type A = 1 | true; let a: 1; interface B { c: true }'],
    ['imports and exports', "import { a } from 'a'; export { a };"],
    ['decorators', '@Inject(1) class A {}'],
    ['calls of super and directives', "'use strict'; class A extends B { constructor() { super(); } }"],
    ['joined strings', "let a = 'a' + b;"],
  ])('leave %s as they are', (_what, code) => {
    expect(mutantsOf(code)).toEqual([]);
  });

  it('are described by their line, with or without its number', () => {
    const code = 'function f() {\n  return a < b;\n}\n';
    expect(mutationsOf(code).map((mutation) => describeMutation(code, mutation))).toEqual([
      '2: return a < b; (< becomes <=)',
    ]);
    expect(describeChange(code, mutationsOf(code)[0]!)).toBe('return a < b; (< becomes <=)');
  });
});
